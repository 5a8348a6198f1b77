#!lua flags=allow-oom
-- fence(min, nonce) of several documents, each on its own.
-- KEYS: gateway:view, then for each document its stamp and its keys, the whole first.
-- ARGV: V, nonce, then for each document: min, number of keys.
-- Answers 'view' (nothing done), 'refused' (a version >= min or a fence above min stood in at least one), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local nonce = ARGV[2]
local outcome = 'done'
local first = 2
for arg = 3, #ARGV, 2 do
  local min, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local head = head_of(KEYS[first + 1])
  local version, fence = version_in(head), fence_in(head)
  if (version and version >= min) or (fence and fence > min) then
    outcome = 'refused'
  else
    local text = '{"fence":' .. ARGV[arg] .. ',"nonce":"' .. nonce .. '"}'
    changing(KEYS[first])
    for key = first + 1, first + count do
      redis.call('SET', KEYS[key], text)
    end
  end
  first = first + 1 + count
end
return outcome
