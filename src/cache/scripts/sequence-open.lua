#!lua flags=allow-oom
-- Opens a reserved block for this V and draws its first numbers.
-- KEYS: gateway:view, the counter, its block. ARGV: V, how many, first and last number of the block, TTL in ms.
-- Answers the last number drawn; 'block' when a block with larger numbers is open already: numbers must not fall;
-- 'view' (nothing done).
if not fit(KEYS[1], ARGV[1]) then
  return 'view'
end
local block = redis.pcall('GET', KEYS[3])
local limit, view = string.match(type(block) == 'string' and block or '', '^(%d+) (.+)$')
if view == ARGV[1] and tonumber(limit) > tonumber(ARGV[4]) then
  return 'block'
end
local last = string.format('%.0f', tonumber(ARGV[3]) + tonumber(ARGV[2]) - 1)
redis.call('SET', KEYS[2], last, 'PX', ARGV[5])
redis.call('SET', KEYS[3], ARGV[4] .. ' ' .. ARGV[1], 'PX', ARGV[5])
return tonumber(last)
