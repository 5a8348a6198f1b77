#!lua
-- put(version, value) of several documents by their writer: replaces its own fence or an older value.
-- Otherwise the key was deleted or evicted, or a late fence of another writer replaced the fence: the next read fills it.
-- The key of the whole document decides for its sections, which are repaired when they are not of its version.
-- KEYS: gateway:view, then for each document its stamp and its keys, the whole first.
-- ARGV: V, the nonce of the fences, then for each document: version, number of keys, the value of each key.
-- Answers 'view' (nothing done), 'refused' (at least one was not stored), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local outcome = 'done'
local first, arg = 2, 3
while arg <= #ARGV do
  local version, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local head = head_of(KEYS[first + 1])
  local stored = version_in(head)
  local _, owner = fence_in(head)
  if stored == version then
    heal(KEYS[first], first + 1, arg + 2, count)
  elseif (stored and stored < version) or owner == ARGV[2] then
    raise_stamp(KEYS[first])
    store(first + 1, arg + 2, count)
  else
    outcome = 'refused'
  end
  first = first + 1 + count
  arg = arg + 2 + count
end
return outcome
