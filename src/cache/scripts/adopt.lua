#!lua flags=allow-oom
-- adopt(V'): only if V' is newer, so that a late gate cannot take the place of a later one.
-- KEYS: gateway:view. ARGV: V'. Answers 'view' (not newer) or 'done'.
if epoch_of(get(KEYS[1])) >= epoch_of(ARGV[1]) then
  return 'view'
end
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
