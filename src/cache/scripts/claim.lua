#!lua flags=allow-oom
-- claim(database, name, TTL, kind): claims the keys of this prefix for the gateways of this database; kind 'standing' only makes
-- a claim longer that stands.
-- KEYS: gateway:owner. ARGV: id of the database's incarnation, its name for people, TTL in milliseconds, 'anew' or 'standing'.
-- Answers 'done', 'nobody' (nothing stands, nothing done), or 'owner <name>' while gateways of another database hold the claim.
local id, name = string.match(get(KEYS[1]) or '', '^(%S+) (.*)$')
if id and id ~= ARGV[1] then
  return 'owner ' .. name
end
if not id and ARGV[4] == 'standing' then
  return 'nobody'
end
claim(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]))
return 'done'
