#!lua flags=allow-oom
-- Advances the marker, which only grows within one database. Text: `<transaction id> <database>`. It moves only where the
-- nonce is found that its caller saw written to the dataset of V: a dataset that lacks the last fences of V lacks it too.
-- KEYS: gateway:view, gateway:marker, gateway:proposal. ARGV: V, nonce, transaction id, database.
-- Answers 'view', 'refused' (another nonce), or 'done'.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
if get(KEYS[3]) ~= ARGV[2] then
  return 'refused'
end
local xid, database = string.match(get(KEYS[2]) or '', '^(%d+) (.+)$')
if database == ARGV[4] and (#xid > #ARGV[3] or (#xid == #ARGV[3] and xid >= ARGV[3])) then
  return 'done'
end
redis.call('SET', KEYS[2], ARGV[3] .. ' ' .. ARGV[4])
return 'done'
