#!lua
-- fill(version, stamp, value) of several documents, by a reader: replaces an older value; replaces a missing value or a fence at
-- <= version if the stamp of the user is the one that the reader saw before it read the row. A write that the row lacks has
-- moved the stamp, so no old row comes back, whatever removed the key.
-- Filling a missing or fenced key does not move the stamp, so that fills of one user do not refuse one another.
-- KEYS: gateway:view, then for each document its stamp and its keys, the whole first.
-- ARGV: V, then for each document: version, stamp, number of keys, the value of each key.
-- Answers 'view' (nothing done), 'refused' (at least one was not stored), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local outcome = 'done'
local first, arg = 2, 2
while arg <= #ARGV do
  local version, seen, count = tonumber(ARGV[arg]), ARGV[arg + 1], tonumber(ARGV[arg + 2])
  local stamp = KEYS[first]
  local head = head_of(KEYS[first + 1])
  local stored, fence = version_in(head), fence_in(head)
  if stored == version then
    heal(stamp, first + 1, arg + 3, count)
  elseif stored and stored < version then
    raise_stamp(stamp)
    store(first + 1, arg + 3, count)
  elseif stored or (fence and fence > version) or stamp_in(stamp) ~= seen then
    outcome = 'refused'
  else
    -- A stamp made by a reader expires; now that a document is stored, it must stay.
    redis.call('SET', stamp, seen)
    store(first + 1, arg + 3, count)
  end
  first = first + 1 + count
  arg = arg + 3 + count
end
return outcome
