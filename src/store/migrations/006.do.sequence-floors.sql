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

-- What no user can have drawn of the day so far, as far as can be told: 1,000 above what is known of any user, and
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
