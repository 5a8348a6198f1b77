#!lua flags=allow-oom
-- adopt(V'): stores V' only if it is newer, so that a late gate cannot replace a later one, and only while no other database
-- has the claim, so that a gate that was suspended cannot adopt over gateways of another database that started meanwhile.
-- KEYS: gateway:view, gateway:owner. ARGV: V'. Answers 'view' (not newer, or another database's) or 'done'.
if is_claimed(KEYS[2], ARGV[1]) or epoch_of(get(KEYS[1])) >= epoch_of(ARGV[1]) then
  return 'view'
end
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
