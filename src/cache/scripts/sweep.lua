#!lua flags=allow-oom
-- sweep(V'): removes keys of the gateway while no instance holds V' yet.
-- KEYS: gateway:view, then the keys. ARGV: V'. Answers 'view' (nothing done) or 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
for key = 2, #KEYS do
  redis.call('UNLINK', KEYS[key])
end
return 'done'
