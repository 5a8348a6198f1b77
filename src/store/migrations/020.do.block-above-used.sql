-- A block begins above the one that Redis has used up, also when the database was set back to before that was reserved.
CREATE OR REPLACE FUNCTION reserve_block(for_user text, for_day text, wanted integer, used bigint)
RETURNS TABLE (first_number bigint, last_number bigint) LANGUAGE sql AS
$$
  INSERT INTO sequences AS s (user_id, day, high_water, block_size, reserved_at)
  VALUES (for_user, for_day, used + greatest(16, wanted), greatest(16, wanted), clock_timestamp())
  ON CONFLICT (user_id, day) DO UPDATE SET
    block_size = greatest(wanted, next_block_size(s.block_size, s.reserved_at, s.high_water = used)),
    high_water = greatest(s.high_water, used)
      + greatest(wanted, next_block_size(s.block_size, s.reserved_at, s.high_water = used)),
    reserved_at = clock_timestamp()
  RETURNING s.high_water - s.block_size + 1, s.high_water
$$;
