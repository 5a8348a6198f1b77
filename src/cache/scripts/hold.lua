#!lua flags=allow-oom
-- hold(V', TTL): tells other instances that the gate of V' is at work. TTL in milliseconds, 0 = only look.
-- KEYS: gateway:view, gateway:owner, gateway:gate. ARGV: V', TTL. Answers 'view' (nothing done) or 'done'.
if is_claimed(KEYS[2], ARGV[1]) or not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
if ARGV[2] ~= '0' then
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
end
return 'done'
