#!lua flags=allow-oom
-- cold(V'): like adopt, and empties the database in the same script.
-- KEYS: gateway:view. ARGV: V'. Answers 'view' (not newer) or 'done'.
if epoch_of(get(KEYS[1])) >= epoch_of(ARGV[1]) then
  return 'view'
end
redis.call('FLUSHDB', 'ASYNC')
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
