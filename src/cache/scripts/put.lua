#!lua
-- put(version, value) of several documents: stores what is missing, older, or fenced at <= version.
-- The whole document's key decides for its sections, which are healed when they are not of its version.
-- KEYS: gateway:view, gateway:erased, then for each document its stamp and its keys, the whole first.
-- ARGV: V, then for each document: version, number of keys, the value of each key.
-- Answers 'view' (nothing done), 'refused' (something newer stood in at least one), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local outcome = 'done'
local first, arg = 3, 2
while arg <= #ARGV do
  local version, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local key = KEYS[first + 1]
  local head = head_of(key)
  local stored, fence = version_in(head), fence_in(head)
  local newer = (stored and stored > version) or (fence and fence > version)
  if newer or erased_at(KEYS[2], key, head) >= version then
    outcome = 'refused'
  else
    local replaced = stored ~= version
    if replaced then
      changing(KEYS[first])
      redis.call('SET', key, ARGV[arg + 2])
      redis.call('HDEL', KEYS[2], key)
    end
    for offset = 1, count - 1 do
      local section, value = KEYS[first + 1 + offset], ARGV[arg + 2 + offset]
      if replaced or head_of(section) ~= string.sub(value, 1, 64) then
        if not replaced then
          changing(KEYS[first])
        end
        redis.call('SET', section, value)
      end
    end
  end
  first = first + 1 + count
  arg = arg + 2 + count
end
return outcome
