#!lua flags=allow-oom
-- erase(nonce, min) of several documents: a deleted document's keys go when they hold exactly that fence.
-- gateway:erased remembers min, because absence would let an old fill in.
-- KEYS: gateway:view, gateway:erased, then for each document its stamp and its keys, the whole first.
-- ARGV: V, nonce, then for each document: min, number of keys.
-- Answers 'view' (nothing done), 'refused' (something else stood in at least one), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local outcome = 'done'
local first = 3
for arg = 3, #ARGV, 2 do
  local count = tonumber(ARGV[arg + 1])
  local _, nonce = fence_in(head_of(KEYS[first + 1]))
  if nonce == ARGV[2] then
    changing(KEYS[first])
    redis.call('HSET', KEYS[2], KEYS[first + 1], ARGV[arg])
    for key = first + 1, first + count do
      redis.call('DEL', KEYS[key])
    end
  else
    outcome = 'refused'
  end
  first = first + 1 + count
end
return outcome
