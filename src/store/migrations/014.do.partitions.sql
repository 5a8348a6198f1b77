-- A Redis Cluster is used by partitions of the users, each with a view of its own (docs/consistency.md, "Several primaries"):
-- id 0 is the view of one Redis, 1 to 64 are those of the partitions 0 to 63. The rows of the partitions are made by the first
-- gateway with a cluster; until then nothing changes for one Redis, nor for instances of the version before.
ALTER TABLE cache_view DROP CONSTRAINT cache_view_pkey;
ALTER TABLE cache_view DROP COLUMN only_one;
ALTER TABLE cache_view ADD COLUMN id integer PRIMARY KEY DEFAULT 0 CHECK (id BETWEEN 0 AND 64);

-- The partition of a user, 0 to 63; partitions.ts has the same.
CREATE FUNCTION user_partition(of_user text) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT get_byte(sha256(convert_to(of_user, 'UTF8')), 0) & 63 $$;

-- The functions of 002, for one view.
DROP FUNCTION turn_view_off(bigint, text);
CREATE FUNCTION turn_view_off(of_epoch bigint, why text, of_view integer DEFAULT 0) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = why, changed_at = clock_timestamp()
  WHERE id = of_view AND mode = 'ON' AND epoch = of_epoch;
END
$$;

DROP FUNCTION take_new_epoch(bigint, bigint);
CREATE FUNCTION take_new_epoch(of_epoch bigint, at_least bigint, of_view integer DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql AS
$$
DECLARE
  taken bigint;
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  UPDATE cache_view SET epoch = greatest(epoch + 1, at_least)
  WHERE id = of_view AND mode = 'OFF' AND drained AND epoch = of_epoch
  RETURNING epoch INTO taken;
  RETURN taken;
END
$$;

-- The rows of all partitions at once: the first gateway with a cluster needs them.
DROP FUNCTION heal_view();
CREATE FUNCTION heal_view(of_view integer DEFAULT 0) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  INSERT INTO cache_view (id, mode, epoch, drained, reason)
  SELECT each, 'OFF', floor(extract(epoch FROM clock_timestamp()))::bigint, false, 'view-row-missing'
  FROM generate_series(sign(of_view)::integer, sign(of_view)::integer * 64) AS each
  ON CONFLICT DO NOTHING;
END
$$;

DROP FUNCTION raise_lease(integer);
CREATE FUNCTION raise_lease(to_ms integer, of_view integer DEFAULT 0) RETURNS void LANGUAGE sql AS
$$ UPDATE cache_view SET lease_ms = to_ms WHERE id = of_view AND lease_ms < to_ms $$;

-- Instances with one Redis and instances with a cluster must not both answer from their caches: a write of the one fences
-- nothing in the other. What the views of the other layout are doing: null = nothing, and they have been OFF and drained for a
-- while, so that two layouts that live do not take turns all the time; `recent` = they were in use lately; `used` = one is ON,
-- or leases of it may be alive.
CREATE FUNCTION other_layout(of_view integer) RETURNS text LANGUAGE sql STABLE AS
$$
  SELECT CASE WHEN bool_or(mode = 'ON' OR NOT drained) THEN 'used' ELSE 'recent' END
  FROM cache_view
  WHERE (id = 0) <> (of_view = 0)
    AND (mode = 'ON' OR NOT drained OR (run_id IS NOT NULL AND changed_at > clock_timestamp() - interval '10 seconds'))
  HAVING count(*) > 0
$$;

-- Turns the views of the other layout OFF. Answers those that have to be drained, with the longest lease of each.
CREATE FUNCTION turn_other_layout_off(of_view integer)
RETURNS TABLE (view_id integer, view_epoch bigint, view_lease_ms integer) LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = 'other-layout', changed_at = clock_timestamp()
  WHERE (id = 0) <> (of_view = 0) AND mode = 'ON';
  RETURN QUERY
  SELECT id, epoch, lease_ms FROM cache_view WHERE (id = 0) <> (of_view = 0) AND mode = 'OFF' AND NOT drained;
END
$$;

-- As in 004: an edit by hand turns OFF what may hold the document, in either layout.
CREATE OR REPLACE FUNCTION turn_view_off_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM lock_view_exclusive();
  PERFORM FROM cache_view WHERE id IN (0, 1 + user_partition(NEW.user_id)) ORDER BY id FOR UPDATE;
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = 'manual-edit', changed_at = clock_timestamp()
  WHERE id IN (0, 1 + user_partition(NEW.user_id)) AND mode = 'ON';
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION refuse_removal_of_state() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  RAISE EXCEPTION 'the row of % is never removed: it says what may be believed of the cache', TG_TABLE_NAME
    USING HINT = 'SELECT turn_view_off(epoch, ''by-hand'', id) FROM cache_view empties no table and stops the use of the cache.';
END
$$;

-- As in 005: straight from the database only while no block of the user is counted in any Redis.
CREATE OR REPLACE FUNCTION draw_numbers(for_user text, for_day text, wanted integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  above bigint;
  last_number bigint;
BEGIN
  PERFORM lock_view_shared();
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

-- Requests are for instances of one view.
ALTER TABLE handovers ADD COLUMN view integer NOT NULL DEFAULT 0;
DROP INDEX handovers_waiting;
CREATE INDEX handovers_waiting ON handovers (view, epoch) WHERE NOT taken;
