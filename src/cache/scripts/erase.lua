#!lua flags=allow-oom
-- erase(nonce, min) of several documents: a deleted document's keys expire when they hold exactly that fence. Until then a fence
-- above min keeps out late commands of earlier writers.
-- KEYS: gateway:view, then for each document its stamp and its keys, the whole first.
-- ARGV: V, nonce, TTL in milliseconds, then for each document: min, number of keys.
-- Answers 'view' (nothing done), 'refused' (something else stood in at least one), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local ttl = ARGV[3]
local outcome = 'done'
local first = 2
for arg = 4, #ARGV, 2 do
  local min, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local _, nonce = fence_in(head_of(KEYS[first + 1]))
  if nonce == ARGV[2] then
    local text = '{"fence":' .. string.format('%.0f', min + 1) .. ',"nonce":"' .. nonce .. '"}'
    changing(KEYS[first], ttl)
    for key = first + 1, first + count do
      redis.call('SET', KEYS[key], text, 'PX', ttl)
    end
  else
    outcome = 'refused'
  end
  first = first + 1 + count
end
return outcome
