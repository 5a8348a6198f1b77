#!lua flags=allow-oom
-- The marker only grows within one database. Text: `<transaction id> <database>`.
-- KEYS: gateway:view, gateway:marker. ARGV: V, transaction id, database. Answers 'view' or 'done'.
if not fit(KEYS[1], ARGV[1]) then
  return 'view'
end
local marker = redis.pcall('GET', KEYS[2])
if type(marker) == 'string' then
  local xid, database = string.match(marker, '^(%d+) (.+)$')
  if database == ARGV[3] and (#xid > #ARGV[2] or (#xid == #ARGV[2] and xid >= ARGV[2])) then
    return 'done'
  end
end
redis.call('SET', KEYS[2], ARGV[2] .. ' ' .. ARGV[3])
return 'done'
