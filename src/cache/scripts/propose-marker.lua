#!lua flags=allow-oom
-- Leaves a nonce in the dataset of V: where it is found, all that came before it is there as well.
-- KEYS: gateway:view, gateway:proposal. ARGV: V, nonce. Answers 'view' or 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
redis.call('SET', KEYS[2], ARGV[2])
return 'done'
