-- Order numbers of a database that was set back: what was drawn in the time that it lost is in no row of it. A floor
-- needs no row of the user: no number of a day is drawn at or below it.
CREATE TABLE sequence_floors (
  -- YYYYMMDD.
  day text PRIMARY KEY,
  floor bigint NOT NULL,
  set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION sequence_floor(for_day text) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT floor FROM sequence_floors WHERE day = for_day), 0) $$;

-- The days that some user may have just now, from UTC-12 to UTC+14 and an hour of wrong clocks on either side.
CREATE FUNCTION days_of_now() RETURNS SETOF text LANGUAGE sql AS
$$
  SELECT to_char(d, 'YYYYMMDD') FROM generate_series(
    date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC' - interval '13 hours'),
    clock_timestamp() AT TIME ZONE 'UTC' + interval '15 hours',
    interval '1 day'
  ) AS d
$$;

-- What no user can have drawn of the day so far, as far as anybody can tell: 1,000 above what is known of any user, and
-- at least 30,000 and one for every four seconds since the day began somewhere (at most 50 hours: 75,000). So five
-- digits last for as much again. Users who drew more need raise_order_numbers().
CREATE FUNCTION floor_of_day(of_day text) RETURNS bigint LANGUAGE sql AS
$$
  SELECT greatest(
    1000 + greatest((SELECT max(high_water) FROM sequences WHERE day = of_day), sequence_floor(of_day)),
    30000 + least(greatest(extract(epoch FROM
      clock_timestamp() AT TIME ZONE 'UTC' - (to_timestamp(of_day, 'YYYYMMDD') AT TIME ZONE 'UTC' - interval '14 hours')
    ), 0), 180000)::bigint / 4
  )
$$;

-- What Redis still knows of a time that the database lost: by day, the highest number of any user. Before a new incarnation
-- begins. More than ten million numbers a day are no user's: an operator's hand was in it.
CREATE FUNCTION note_known_numbers(days text[], numbers bigint[]) RETURNS void LANGUAGE sql AS
$$
  INSERT INTO sequence_floors AS f (day, floor)
  SELECT day, number FROM unnest(days, numbers) AS n (day, number) WHERE day ~ '^\d{8}$' AND number < 10000000
  ON CONFLICT (day) DO UPDATE SET floor = greatest(f.floor, excluded.floor), set_at = clock_timestamp()
$$;

-- For operators: `SELECT raise_order_numbers(60000)`. From now on no number of the days of now is drawn at or below it.
-- The view is turned OFF, so that open blocks of smaller numbers are left at once.
CREATE FUNCTION raise_order_numbers(above bigint) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM lock_view_exclusive();
  INSERT INTO sequence_floors AS f (day, floor) SELECT day, above FROM days_of_now() AS day
  ON CONFLICT (day) DO UPDATE SET floor = greatest(f.floor, excluded.floor), set_at = clock_timestamp();
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = 'order-numbers-raised', changed_at = clock_timestamp()
  WHERE mode = 'ON';
END
$$;

-- A new incarnation raises the floors of the days that have begun.
CREATE FUNCTION raise_floors_of_incarnation() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  INSERT INTO sequence_floors AS f (day, floor) SELECT day, floor_of_day(day) FROM days_of_now() AS day
  ON CONFLICT (day) DO UPDATE SET floor = greatest(f.floor, excluded.floor), set_at = clock_timestamp();
  RETURN NULL;
END
$$;
CREATE TRIGGER floors_of_incarnation AFTER UPDATE ON database_incarnation FOR EACH ROW
WHEN (OLD.id <> '' AND NEW.id <> OLD.id) EXECUTE FUNCTION raise_floors_of_incarnation();

-- A backup that is restored into the database that it came from changes nothing of what the server tells. But then
-- another transaction has written the row than the row says.
ALTER TABLE database_incarnation ADD COLUMN written_by xid8;
CREATE FUNCTION note_incarnation_writer() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  NEW.written_by := pg_current_xact_id();
  RETURN NEW;
END
$$;
CREATE TRIGGER incarnation_writer BEFORE UPDATE ON database_incarnation FOR EACH ROW
EXECUTE FUNCTION note_incarnation_writer();
UPDATE database_incarnation SET id = id;

CREATE OR REPLACE FUNCTION database_moved() RETURNS text LANGUAGE sql STABLE AS
$$
  SELECT CASE
    WHEN i.id = '' THEN 'new-database'
    WHEN i.system_identifier <> e.system_identifier OR i.database_oid <> e.database_oid THEN 'another-database'
    WHEN i.timeline <> e.timeline THEN 'database-timeline'
    WHEN i.xmin <> i.written_by::xid THEN 'restored-database'
  END
  FROM database_incarnation i, database_evidence() e
$$;

-- Refuses numbers of a database that was set back, until a gateway has noticed and floors are there (55000: not now).
CREATE FUNCTION require_known_database() RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
  moved text := database_moved();
BEGIN
  IF moved <> 'new-database' THEN
    RAISE EXCEPTION 'the database is not the one it was: %', moved USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;

-- Reserves the next block for Redis to count in. `used` is the last number of the block that was used up, 0 = none was:
-- a new V, or several instances that open a block at the same moment, are no demand, and the blocks do not grow.
-- `known` is the last number of any block of the user's day that Redis remembers: it counts when the row does not.
DROP FUNCTION reserve_block(text, text, integer);
DROP FUNCTION reserve_block(text, text, integer, bigint);
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
CREATE OR REPLACE FUNCTION draw_numbers(for_user text, for_day text, wanted integer) RETURNS bigint LANGUAGE plpgsql AS
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

-- Order numbers of days that are over for three days everywhere: no user draws there any more.
CREATE OR REPLACE FUNCTION prune_sequences(most integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  removed bigint := 0;
  oldest text := to_char(clock_timestamp() AT TIME ZONE 'UTC' - interval '4 days', 'YYYYMMDD');
BEGIN
  IF pg_try_advisory_xact_lock(7215, 3) THEN
    DELETE FROM sequence_floors WHERE day < oldest;
    DELETE FROM sequences s USING (
      SELECT o.user_id, o.day FROM sequences o WHERE o.day < oldest ORDER BY o.day LIMIT most
    ) old WHERE s.user_id = old.user_id AND s.day = old.day;
    GET DIAGNOSTICS removed = ROW_COUNT;
  END IF;
  RETURN removed;
END
$$;
