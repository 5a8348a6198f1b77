#!lua flags=allow-oom
-- adopt(V'): only if V' is newer, so that a late gate cannot take the place of a later one.
-- Nor can a gate that stood still take it from the gateways of another database that came meanwhile.
-- KEYS: gateway:view, gateway:owner. ARGV: V'. Answers 'view' (not newer, or another database's) or 'done'.
if is_claimed(KEYS[2], ARGV[1]) or epoch_of(get(KEYS[1])) >= epoch_of(ARGV[1]) then
  return 'view'
end
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
