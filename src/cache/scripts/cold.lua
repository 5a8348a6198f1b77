#!lua flags=allow-oom
-- cold(V'): like adopt, and removes the marker, so that until the sweep has ended the next gate begins cold as well.
-- KEYS: gateway:view, gateway:owner, gateway:marker. ARGV: V'. Answers 'view' (not newer, or another database's) or 'done'.
if is_claimed(KEYS[2], ARGV[1]) or epoch_of(get(KEYS[1])) >= epoch_of(ARGV[1]) then
  return 'view'
end
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
