#!lua flags=allow-oom
-- erase(nonce, min) of several documents: removes the keys of each document that was deleted as version min, unless something
-- newer is there; always removes a fence with this nonce, because its writer has finished.
-- A tombstone in a key of the gateway's own refuses late fences of versions up to min, and so the puts of earlier writers in
-- their place; the stamp refuses late fills.
-- KEYS: gateway:view, then for each document its stamp, its tombstone and its keys, the whole first.
-- ARGV: V, nonce, TTL of stamps and tombstones in milliseconds, then for each document: min, number of keys.
-- Answers 'view' (nothing done), 'refused' (something newer stood in at least one), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local nonce, ttl = ARGV[2], ARGV[3]
local outcome = 'done'
local first = 2
for arg = 4, #ARGV, 2 do
  local min, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local stamp, tombstone, whole = KEYS[first], KEYS[first + 1], KEYS[first + 2]
  local head = head_of(whole)
  local version = version_in(head)
  local fence, owner = fence_in(head)
  if (version and version > min) or (fence and fence > min and owner ~= nonce) then
    outcome = 'refused'
  else
    bury(tombstone, whole, min + 1, ttl)
    raise_stamp(stamp, ttl)
    for key = first + 2, first + 1 + count do
      redis.call('UNLINK', KEYS[key])
    end
  end
  first = first + 2 + count
end
return outcome
