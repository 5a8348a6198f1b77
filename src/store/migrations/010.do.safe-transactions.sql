-- A database or a role may have other defaults than PostgreSQL: a transaction of the gateway is READ COMMITTED, because
-- what it reads behind a lock must be newer than the lock, and its COMMIT is on disk before it is acknowledged.

-- Refuses a transaction whose snapshot is older than its locks, and makes its COMMIT durable. Values of
-- `synchronous_commit` that wait for standbys are left as they are.
CREATE FUNCTION require_safe_transaction() RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the transaction is %, the gateway needs READ COMMITTED', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION lock_one_for_write(of_user text, of_kind text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM pg_advisory_xact_lock_shared(7215, 1);
  PERFORM pg_advisory_xact_lock(document_lock_key(of_user, of_kind));
END
$$;

CREATE OR REPLACE FUNCTION lock_for_write(user_ids text[], kinds text[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
  key bigint;
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_shared();
  FOR key IN
    SELECT DISTINCT document_lock_key(u, k) AS lock_key FROM unnest(user_ids, kinds) AS wanted (u, k) ORDER BY lock_key
  LOOP
    PERFORM pg_advisory_xact_lock(key);
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION turn_view_off(of_epoch bigint, why text) RETURNS void LANGUAGE plpgsql AS
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
DROP FUNCTION take_new_epoch(bigint);
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

-- An edit by hand may run in any isolation. Locking the row refuses (40001) a snapshot that is older than the view: it
-- would take a view for OFF that was turned ON meanwhile.
CREATE OR REPLACE FUNCTION turn_view_off_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM lock_view_exclusive();
  PERFORM FROM cache_view FOR UPDATE;
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = 'manual-edit', changed_at = clock_timestamp()
  WHERE mode = 'ON';
  RETURN NULL;
END
$$;
