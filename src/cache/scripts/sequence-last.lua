#!lua flags=no-writes
-- The last number drawn from the block of this V.
-- KEYS: gateway:view, block, witness. ARGV: V. Answers the number; 'stale' when no block is open; 'view' (nothing done).
if not view_is(KEYS[1], ARGV[1]) then
  return 'view'
end
return block_in(KEYS[2], KEYS[3], ARGV[1]) or 'stale'
