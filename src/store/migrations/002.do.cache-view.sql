-- The cache view: whether the cache may be trusted, and which Redis dataset it speaks of (docs/consistency.md).

CREATE TABLE cache_view (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  mode text NOT NULL CHECK (mode IN ('ON', 'OFF')),
  epoch bigint NOT NULL,
  drained boolean NOT NULL,
  run_id text,
  replication_id text,
  -- The incarnation of the database that turned it ON.
  database text,
  reason text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The longest lease that an instance may have been granted since the view was turned ON: who drains waits for it.
  lease_ms integer NOT NULL DEFAULT 0
);
-- No instance holds a lease of a view that never was ON.
INSERT INTO cache_view (mode, epoch, drained, reason) VALUES ('OFF', 1, true, 'new-database');

-- The VIEW lock: writers hold it shared from fence to COMMIT, the gate and an instance that turns the view OFF exclusively.
CREATE FUNCTION lock_view_shared() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock_shared(7215, 1) $$;
CREATE FUNCTION lock_view_exclusive() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(7215, 1) $$;

-- ON at `of_epoch` becomes OFF, not drained, one epoch later. Nothing happens when another instance was faster.
CREATE FUNCTION turn_view_off(of_epoch bigint, why text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = why, changed_at = clock_timestamp()
  WHERE mode = 'ON' AND epoch = of_epoch;
END
$$;

-- The first step of a gate: a new epoch, so that an older gate can no longer finish, and above whatever Redis names
-- (`at_least`), so that Redis accepts it. Null = another instance moved on.
CREATE FUNCTION take_new_epoch(of_epoch bigint, at_least bigint) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  taken bigint;
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  UPDATE cache_view SET epoch = greatest(epoch + 1, at_least)
  WHERE mode = 'OFF' AND drained AND epoch = of_epoch
  RETURNING epoch INTO taken;
  RETURN taken;
END
$$;

-- For a row that is missing all the same (a partial restore). Leases may be running; the epoch is above all others,
-- because gates and outages are far rarer than seconds.
CREATE FUNCTION heal_view() RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  INSERT INTO cache_view (mode, epoch, drained, reason)
  VALUES ('OFF', floor(extract(epoch FROM clock_timestamp()))::bigint, false, 'view-row-missing')
  ON CONFLICT DO NOTHING;
END
$$;

-- Before an instance grants itself a lease of so many milliseconds.
CREATE FUNCTION raise_lease(to_ms integer) RETURNS void LANGUAGE sql AS
$$ UPDATE cache_view SET lease_ms = to_ms WHERE lease_ms < to_ms $$;
