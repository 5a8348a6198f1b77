-- The size of a block is asked for twice in one statement: both times by the same clock.
CREATE OR REPLACE FUNCTION next_block_size(last_size integer, last_at timestamptz, used_up boolean) RETURNS integer
LANGUAGE sql STABLE AS
$$
  SELECT CASE WHEN last_at < statement_timestamp() - interval '8 seconds' THEN greatest(last_size / 2, 16)
              WHEN used_up AND last_at > statement_timestamp() - interval '2 seconds' THEN least(last_size * 2, 16384)
              ELSE last_size END
$$;

-- For instances that were started before 003 and are still running.
CREATE FUNCTION reserve_block(for_user text, for_day text, wanted integer)
RETURNS TABLE (first_number bigint, last_number bigint) LANGUAGE sql AS
$$ SELECT * FROM reserve_block(for_user, for_day, wanted, 0) $$;
