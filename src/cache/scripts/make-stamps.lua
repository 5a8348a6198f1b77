#!lua
-- make-stamps: makes the stamps that are missing, because a reader needs one before it reads rows that it wants to store. They
-- expire unless a document is stored: a reader may ask for users that do not exist.
-- KEYS: gateway:view, the stamps. ARGV: V, TTL in milliseconds.
-- Answers 'view' (nothing done), or the stamps separated by spaces.
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local stamps = {}
for index = 2, #KEYS do
  local stamp = stamp_in(KEYS[index])
  if not stamp then
    stamp = next_stamp()
    redis.call('SET', KEYS[index], stamp, 'PX', ARGV[2])
  end
  stamps[index - 1] = stamp
end
return table.concat(stamps, ' ')
