#!lua flags=allow-oom
-- claim(database, name, TTL): the gateways of this database use the keys of this prefix, and live.
-- KEYS: gateway:owner. ARGV: id of the database's incarnation, a name of it for people, TTL in milliseconds.
-- Answers 'done', or 'owner <name>' when gateways of another database have claimed the keys and live.
local id, name = string.match(get(KEYS[1]) or '', '^(%S+) (.*)$')
if id and id ~= ARGV[1] then
  return 'owner ' .. name
end
-- An instance with a longer lease may have claimed them for longer.
local left = id and redis.call('PTTL', KEYS[1]) or 0
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', math.max(left, tonumber(ARGV[3])))
return 'done'
