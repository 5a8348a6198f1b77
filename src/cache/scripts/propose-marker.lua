#!lua flags=allow-oom
-- Writes a nonce into the dataset of V: a dataset that holds it holds everything written before it as well.
-- KEYS: gateway:view, gateway:proposal. ARGV: V, nonce. Answers 'view' or 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
redis.call('SET', KEYS[2], ARGV[2])
return 'done'
