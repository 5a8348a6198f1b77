-- A block lasts a busy user for some seconds; larger ones would only burn more numbers when the view changes.
DROP FUNCTION reserve_block(text, text, integer);
DROP FUNCTION next_block_size(integer, timestamptz);

CREATE FUNCTION next_block_size(last_size integer, last_at timestamptz, used_up boolean) RETURNS integer LANGUAGE sql AS
$$
  SELECT CASE WHEN last_at < clock_timestamp() - interval '8 seconds' THEN greatest(last_size / 2, 16)
              WHEN used_up AND last_at > clock_timestamp() - interval '2 seconds' THEN least(last_size * 2, 16384)
              ELSE last_size END
$$;

-- Reserves the next block for Redis to count in. `used` is the last number of the block that was used up, 0 = none was:
-- a new V, or several instances that open a block at the same moment, are no demand, and the blocks do not grow.
CREATE FUNCTION reserve_block(for_user text, for_day text, wanted integer, used bigint)
RETURNS TABLE (first_number bigint, last_number bigint) LANGUAGE sql AS
$$
  INSERT INTO sequences AS s (user_id, day, high_water, block_size, reserved_at)
  VALUES (for_user, for_day, greatest(16, wanted), greatest(16, wanted), clock_timestamp())
  ON CONFLICT (user_id, day) DO UPDATE SET
    block_size = greatest(wanted, next_block_size(s.block_size, s.reserved_at, s.high_water = used)),
    high_water = s.high_water
      + greatest(wanted, next_block_size(s.block_size, s.reserved_at, s.high_water = used)),
    reserved_at = clock_timestamp()
  RETURNING s.high_water - s.block_size + 1, s.high_water
$$;
