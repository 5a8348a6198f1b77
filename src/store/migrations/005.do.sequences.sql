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
CREATE INDEX sequences_day ON sequences (day);

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

-- A block used up within 2 s is followed by one twice as large, that of a user who was quiet for 8 s by one half as large,
-- so that few numbers burn and busy users seldom wait. The size is asked for twice in one statement: both times by the
-- same clock.
CREATE FUNCTION next_block_size(last_size integer, last_at timestamptz, used_up boolean) RETURNS integer
LANGUAGE sql STABLE AS
$$
  SELECT CASE WHEN last_at < statement_timestamp() - interval '8 seconds' THEN greatest(last_size / 2, 16)
              WHEN used_up AND last_at > statement_timestamp() - interval '2 seconds' THEN least(last_size * 2, 16384)
              ELSE last_size END
$$;

-- Reserves the next block for Redis to count in. `used` is the last number of the block that was used up, 0 = none was:
-- a new V, or several instances that open a block at the same moment, are no demand, and the blocks do not grow.
-- `known` is the last number of any block of the user's day that Redis remembers: it counts when the row does not.
CREATE FUNCTION reserve_block(for_user text, for_day text, wanted integer, used bigint, known bigint)
RETURNS TABLE (first_number bigint, last_number bigint) LANGUAGE plpgsql AS
$$
DECLARE
  above bigint;
BEGIN
  PERFORM require_known_database();
  above := greatest(used, known, sequence_floor(for_day));
  RETURN QUERY
  INSERT INTO sequences AS s (user_id, day, high_water, block_size, reserved_at)
  VALUES (for_user, for_day, above + greatest(16, wanted), greatest(16, wanted), clock_timestamp())
  ON CONFLICT (user_id, day) DO UPDATE SET
    block_size = greatest(wanted, next_block_size(s.block_size, s.reserved_at, s.high_water = used)),
    high_water = greatest(s.high_water, above)
      + greatest(wanted, next_block_size(s.block_size, s.reserved_at, s.high_water = used)),
    reserved_at = clock_timestamp()
  RETURNING s.high_water - s.block_size + 1, s.high_water;
END
$$;

-- Numbers straight from the database, above everything reserved. Only while the view is OFF: with the view ON a
-- block in Redis may still hand out smaller ones later. Null = the view is ON.
CREATE FUNCTION draw_numbers(for_user text, for_day text, wanted integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  above bigint;
  last_number bigint;
BEGIN
  PERFORM lock_view_shared();
  IF EXISTS (SELECT FROM cache_view WHERE mode = 'ON') THEN
    RETURN NULL;
  END IF;
  PERFORM require_known_database();
  above := sequence_floor(for_day);
  INSERT INTO sequences AS s (user_id, day, high_water, block_size, reserved_at)
  VALUES (for_user, for_day, above + wanted, 16, clock_timestamp())
  ON CONFLICT (user_id, day) DO UPDATE SET high_water = greatest(s.high_water, above) + wanted
  RETURNING s.high_water INTO last_number;
  RETURN last_number;
END
$$;
