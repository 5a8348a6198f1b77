#!lua flags=allow-oom
-- fence(min, nonce): places the fences of several documents, each independent of the others.
-- KEYS: gateway:view, then for each document its stamp, its tombstone and its keys, the whole first.
-- ARGV: V, nonce, then for each document: min, number of keys.
-- Answers 'view' (nothing done), 'refused' (at least one has a version >= min, a fence above min, or was deleted as a version
-- >= min), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local nonce = ARGV[2]
local outcome = 'done'
-- Documents of one user stand together: their stamp is raised once, and their tombstone read once.
local raised, buried, graves
local first = 2
for arg = 3, #ARGV, 2 do
  local min, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local stamp, tombstone, whole = KEYS[first], KEYS[first + 1], KEYS[first + 2]
  local head = head_of(whole)
  local version, fence = version_in(head), fence_in(head)
  if tombstone ~= buried then
    buried, graves = tombstone, get(tombstone)
  end
  if (version and version >= min) or (fence and fence > min) or floor_in(graves, whole) > min then
    outcome = 'refused'
  else
    local text = '{"fence":' .. ARGV[arg] .. ',"nonce":"' .. nonce .. '"}'
    if stamp ~= raised then
      raise_stamp(stamp)
      raised = stamp
    end
    for key = first + 2, first + 1 + count do
      redis.call('SET', KEYS[key], text)
    end
  end
  first = first + 2 + count
end
return outcome
