#!lua flags=allow-oom
-- claim(database, name, TTL): claims the keys of this prefix for the gateways of this database.
-- KEYS: gateway:owner. ARGV: id of the database's incarnation, its name for people, TTL in milliseconds.
-- Answers 'done', or 'owner <name>' while gateways of another database hold the claim.
local id, name = string.match(get(KEYS[1]) or '', '^(%S+) (.*)$')
if id and id ~= ARGV[1] then
  return 'owner ' .. name
end
-- An instance with a longer lease may have claimed the keys for longer: the TTL is never shortened.
local left = id and redis.call('PTTL', KEYS[1]) or 0
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', math.max(left, tonumber(ARGV[3])))
return 'done'
