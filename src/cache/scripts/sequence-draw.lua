#!lua flags=allow-oom
-- Draws numbers from the block that this V counts in. Allowed when Redis is full: the keys exist already.
-- KEYS: gateway:view, the counter, its block, the settings key that names the user's time zone.
-- ARGV: V, how many, version of the settings by which the day was chosen (0 = any).
-- Answers the last number drawn; 'settings' when they have another version; 'block' when there is none of this V;
-- 'used <its last number>' when too little of it is left; 'view' (nothing done).
if not fit(KEYS[1], ARGV[1]) then
  return 'view'
end
if ARGV[3] ~= '0' and version_in(head_of(KEYS[4])) ~= tonumber(ARGV[3]) then
  return 'settings'
end
local block = redis.pcall('GET', KEYS[3])
local limit, view = string.match(type(block) == 'string' and block or '', '^(%d+) (.+)$')
if view ~= ARGV[1] then
  return 'block'
end
local counter = redis.pcall('GET', KEYS[2])
local last = tonumber(type(counter) == 'string' and counter or nil)
if not last then
  return 'block'
end
if last + tonumber(ARGV[2]) > tonumber(limit) then
  return 'used ' .. limit
end
return redis.call('INCRBY', KEYS[2], ARGV[2])
