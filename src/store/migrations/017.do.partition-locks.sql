-- The VIEW lock has two levels (docs/consistency.md, "Lock order"), so that a writer that hangs, an OFF or a gate of one
-- partition delays the users of no other. First (7215, 1), which stands for all views: what turns the view of one Redis, or
-- all views, ON or OFF holds it exclusively, everything else shared. Then (7215, 100 + id of the view) for each partition
-- concerned: its writers hold it shared, with one Redis as well, its OFF and its gate exclusively. One Redis has no lock of
-- the second level.

-- The second level for the partition of a user.
CREATE FUNCTION lock_partition_shared(of_user text) RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock_shared(7215, 101 + user_partition(of_user)) $$;

-- Both levels for what is written of these users, the partitions in ascending order.
CREATE FUNCTION lock_views_shared(user_ids text[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
  place integer;
BEGIN
  PERFORM lock_view_shared();
  FOR place IN
    SELECT DISTINCT user_partition(u) AS p FROM (SELECT DISTINCT unnest(user_ids) AS u) AS users ORDER BY p
  LOOP
    PERFORM pg_advisory_xact_lock_shared(7215, 101 + place);
  END LOOP;
END
$$;

-- Both levels for the OFF or the gate of one view. Who holds it for a partition waits for no other lock of a view.
CREATE FUNCTION lock_one_view(of_view integer) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  IF of_view = 0 THEN
    PERFORM lock_view_exclusive();
  ELSE
    PERFORM lock_view_shared();
    PERFORM pg_advisory_xact_lock(7215, 100 + of_view);
  END IF;
END
$$;

-- As in 001.
CREATE OR REPLACE FUNCTION lock_one_for_write(of_user text, of_kind text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM pg_advisory_xact_lock_shared(7215, 1);
  PERFORM lock_partition_shared(of_user);
  PERFORM pg_advisory_xact_lock(document_lock_key(of_user, of_kind));
END
$$;

CREATE OR REPLACE FUNCTION lock_for_write(user_ids text[], kinds text[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
  key bigint;
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_views_shared(user_ids);
  FOR key IN
    SELECT DISTINCT document_lock_key(u, k) AS lock_key FROM unnest(user_ids, kinds) AS wanted (u, k) ORDER BY lock_key
  LOOP
    PERFORM pg_advisory_xact_lock(key);
  END LOOP;
END
$$;

-- A write that must not wait for another writer still waits for a gate, which is brief.
CREATE OR REPLACE FUNCTION try_lock_one_for_write(of_user text, of_kind text) RETURNS boolean LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM pg_advisory_xact_lock_shared(7215, 1);
  PERFORM lock_partition_shared(of_user);
  RETURN pg_try_advisory_xact_lock(document_lock_key(of_user, of_kind));
END
$$;

CREATE OR REPLACE FUNCTION try_lock_for_write(user_ids text[], kinds text[]) RETURNS boolean[] LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_views_shared(user_ids);
  RETURN (
    SELECT array_agg(pg_try_advisory_xact_lock(document_lock_key(u, k)) ORDER BY place)
    FROM unnest(user_ids, kinds) WITH ORDINALITY AS wanted (u, k, place));
END
$$;

-- As in 014. A statement that calls it for several views must begin with view 0, so that it holds the first level
-- exclusively before it waits for the second one: ORDER BY id.
CREATE OR REPLACE FUNCTION turn_view_off(of_epoch bigint, why text, of_view integer DEFAULT 0) RETURNS void
LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_one_view(of_view);
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = why, changed_at = clock_timestamp()
  WHERE id = of_view AND mode = 'ON' AND epoch = of_epoch;
END
$$;

CREATE OR REPLACE FUNCTION take_new_epoch(of_epoch bigint, at_least bigint, of_view integer DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql AS
$$
DECLARE
  taken bigint;
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_one_view(of_view);
  UPDATE cache_view SET epoch = greatest(epoch + 1, at_least)
  WHERE id = of_view AND mode = 'OFF' AND drained AND epoch = of_epoch
  RETURNING epoch INTO taken;
  RETURN taken;
END
$$;

CREATE OR REPLACE FUNCTION refuse_removal_of_state() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  RAISE EXCEPTION 'the row of % is never removed: it says what may be believed of the cache', TG_TABLE_NAME
    USING HINT = 'SELECT turn_view_off(epoch, ''by-hand'', id) FROM cache_view ORDER BY id empties no table and stops the use of the cache.';
END
$$;

-- As in 014: the view may be turned ON by the gate of the user's partition, or by that of one Redis.
CREATE OR REPLACE FUNCTION draw_numbers(for_user text, for_day text, wanted integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  above bigint;
  last_number bigint;
BEGIN
  PERFORM lock_view_shared();
  PERFORM lock_partition_shared(for_user);
  IF EXISTS (SELECT FROM cache_view WHERE id IN (0, 1 + user_partition(for_user)) AND mode = 'ON') THEN
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
