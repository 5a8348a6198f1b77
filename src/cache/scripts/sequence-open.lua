#!lua flags=allow-oom
-- Opens a reserved block for this V, if the key still holds what the caller's draw found, and draws its first numbers.
-- KEYS: gateway:view, block, witness, mirror.
-- ARGV: V, what a draw answered (`used N` or `block T W K`), how many, first and last number of the block, TTL in ms.
-- Answers the last number drawn; 'stale' when this or another block was opened meanwhile; 'view' (nothing done).
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
local _, limit = block_in(KEYS[2], KEYS[3], ARGV[1])
if vacancy_in(KEYS[2], KEYS[3], limit) ~= ARGV[2] then
  return 'stale'
end
local last = tonumber(ARGV[4]) + tonumber(ARGV[3]) - 1
return count_to(last, ARGV[5], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[6])
