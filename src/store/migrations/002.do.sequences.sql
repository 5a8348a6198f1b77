-- Order numbers. Every number up to high_water has been handed out, or may be by the block that was reserved last.
CREATE TABLE sequences (
  user_id text NOT NULL,
  -- The user's day, YYYYMMDD.
  day text NOT NULL,
  high_water bigint NOT NULL,
  -- Numbers of the last block: grows and shrinks with demand.
  block_size integer NOT NULL,
  reserved_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, day)
);

-- Answers to requests with an Idempotency-Key, for those who ask again.
CREATE TABLE sequence_replies (
  user_id text NOT NULL,
  idempotency_key text NOT NULL,
  wanted integer NOT NULL,
  reply jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (user_id, idempotency_key)
);
CREATE INDEX sequence_replies_created_at ON sequence_replies (created_at);

CREATE FUNCTION next_block_size(last_size integer, last_at timestamptz) RETURNS integer LANGUAGE sql AS
$$
  SELECT CASE WHEN last_at > clock_timestamp() - interval '5 seconds' THEN least(last_size * 2, 16384)
              ELSE greatest(last_size / 2, 16) END
$$;

-- Reserves the next block for Redis to count in. A block used up within 5 s is followed by one twice as large, a
-- quiet user's by one half as large, so that few numbers burn and busy users seldom wait.
CREATE FUNCTION reserve_block(for_user text, for_day text, wanted integer)
RETURNS TABLE (first_number bigint, last_number bigint) LANGUAGE sql AS
$$
  INSERT INTO sequences AS s (user_id, day, high_water, block_size, reserved_at)
  VALUES (for_user, for_day, greatest(16, wanted), greatest(16, wanted), clock_timestamp())
  ON CONFLICT (user_id, day) DO UPDATE SET
    block_size = greatest(wanted, next_block_size(s.block_size, s.reserved_at)),
    high_water = s.high_water + greatest(wanted, next_block_size(s.block_size, s.reserved_at)),
    reserved_at = clock_timestamp()
  RETURNING s.high_water - s.block_size + 1, s.high_water
$$;

-- Numbers straight from the database, above everything reserved. Only while the view is OFF: with the view ON a
-- block in Redis may still hand out smaller ones later. Null = the view is ON.
CREATE FUNCTION draw_numbers(for_user text, for_day text, wanted integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  last_number bigint;
BEGIN
  PERFORM lock_view_shared();
  IF EXISTS (SELECT FROM cache_view WHERE mode = 'ON') THEN
    RETURN NULL;
  END IF;
  INSERT INTO sequences AS s (user_id, day, high_water, block_size, reserved_at)
  VALUES (for_user, for_day, wanted, 16, clock_timestamp())
  ON CONFLICT (user_id, day) DO UPDATE SET high_water = s.high_water + wanted
  RETURNING s.high_water INTO last_number;
  RETURN last_number;
END
$$;
