#!lua flags=allow-oom
-- Draws numbers from the open block of this V. Allowed when Redis is full, because the keys are small and few.
-- KEYS: gateway:view, block, witness, mirror, the settings key that names the user's time zone.
-- ARGV: V, how many, version of the settings by which the day was chosen (0 = any), TTL in ms.
-- Answers the last number drawn; 'settings' when they have another version; `used N` when too few numbers are left of the
-- block that ends with N; `block T W K` when no block of this V is open, the witness holds W, and K is the end of the last
-- known block; 'view' (nothing done).
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
if ARGV[3] ~= '0' and version_in(head_of(KEYS[5])) ~= tonumber(ARGV[3]) then
  return 'settings'
end
local last, limit = block_in(KEYS[2], KEYS[3], ARGV[1])
if last and last + tonumber(ARGV[2]) <= tonumber(limit) then
  return count_to(last + tonumber(ARGV[2]), limit, KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[4])
end
local vacancy = vacancy_in(KEYS[2], KEYS[3], limit)
if not vacancy then
  local now = redis.call('TIME')
  local number = now[1] .. string.format('%06d', now[2])
  local ticket = number .. ' ' .. witness_in(KEYS[3]) .. ' ' .. known_in(KEYS[2], KEYS[3])
  redis.call('SET', KEYS[2], 'ticket ' .. ticket, 'PX', ARGV[4])
  vacancy = 'block ' .. ticket
end
return vacancy
