#!lua flags=allow-oom
-- cold(V', name, TTL): like adopt, claims the keys (claim.lua), and removes the marker, so that until the sweep has
-- ended the next gate begins cold as well. The claim is made together with V', so that none is made later under the same V'.
-- KEYS: gateway:view, gateway:owner, gateway:marker. ARGV: V', name of its database for people, TTL in milliseconds.
-- Answers 'view' (not newer, or another database's) or 'done'.
if is_claimed(KEYS[2], ARGV[1]) or epoch_of(get(KEYS[1])) >= epoch_of(ARGV[1]) then
  return 'view'
end
claim(KEYS[2], database_of(ARGV[1]), ARGV[2], tonumber(ARGV[3]))
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[1], ARGV[1])
return 'done'
