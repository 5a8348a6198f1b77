#!lua flags=no-writes
-- The last number drawn from the block of this V.
-- KEYS: gateway:view, the counter, its block. ARGV: V. Answers the number; 'block' when there is none; 'view'.
if not fit(KEYS[1], ARGV[1]) then
  return 'view'
end
local block = redis.pcall('GET', KEYS[3])
local _, view = string.match(type(block) == 'string' and block or '', '^(%d+) (.+)$')
local counter = redis.pcall('GET', KEYS[2])
if view ~= ARGV[1] or type(counter) ~= 'string' then
  return 'block'
end
return tonumber(counter)
