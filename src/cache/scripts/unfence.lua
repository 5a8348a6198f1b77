#!lua
-- unfence(nonce, version, value): replaces exactly the fence with this nonce by the row.
-- KEYS: gateway:view, the stamp of the document, then its keys, the whole first. ARGV: V, nonce, the value of each key.
-- Answers 'view' (nothing done), 'refused' (another fence, or a value, is there), 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local _, nonce = fence_in(head_of(KEYS[3]))
if nonce ~= ARGV[2] then
  return 'refused'
end
raise_stamp(KEYS[2])
for key = 3, #KEYS do
  redis.call('SET', KEYS[key], ARGV[key])
end
return 'done'
