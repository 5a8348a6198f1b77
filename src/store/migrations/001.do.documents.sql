-- The documents, their history and the cache view (consistency.md). Run inside the migrator's transaction.

CREATE TABLE documents (
  user_id text NOT NULL,
  kind text NOT NULL,
  -- Grows by one with each change and never restarts: a deleted document stays as a row without data.
  version bigint NOT NULL CHECK (version > 0),
  data jsonb,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  -- The transaction of the last change: what the gate fences after Redis lost its tail.
  changed_xid xid8 NOT NULL,
  PRIMARY KEY (user_id, kind)
);
CREATE INDEX documents_changed_xid ON documents (changed_xid);

-- Append-only. `data` is the whole document at that version, so that a rollback needs one row.
CREATE TABLE document_history (
  user_id text NOT NULL,
  kind text NOT NULL,
  version bigint NOT NULL,
  data jsonb,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  reason text NOT NULL,
  changes jsonb NOT NULL,
  PRIMARY KEY (user_id, kind, version)
);

-- One row: whether the cache may be trusted, and which Redis dataset it speaks of.
CREATE TABLE cache_view (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  mode text NOT NULL CHECK (mode IN ('ON', 'OFF')),
  epoch bigint NOT NULL,
  drained boolean NOT NULL,
  run_id text,
  replication_id text,
  -- System identifier and timeline of the database that turned it ON.
  database text,
  reason text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Nobody holds a lease of a view that never was ON.
INSERT INTO cache_view (mode, epoch, drained, reason) VALUES ('OFF', 1, true, 'new-database');

-- The VIEW lock: writers hold it shared from fence to COMMIT, the gate and whoever turns the view OFF exclusively.
CREATE FUNCTION lock_view_shared() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock_shared(7215, 1) $$;
CREATE FUNCTION lock_view_exclusive() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(7215, 1) $$;

-- A document's row lock. A lock on a name, because the row may not exist yet.
CREATE FUNCTION document_lock_key(user_id text, kind text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT hashtextextended(user_id || chr(10) || kind, 7215) $$;

-- Which database this is: transaction ids of another cluster or timeline mean nothing here.
CREATE FUNCTION database_identity() RETURNS text LANGUAGE sql STABLE AS
$$
  SELECT (SELECT system_identifier FROM pg_control_system())::text
    || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
$$;

-- VIEW lock shared, row locks in one order for everybody. VOLATILE: what follows reads a snapshot taken after them.
CREATE FUNCTION lock_for_write(user_ids text[], kinds text[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
  key bigint;
BEGIN
  PERFORM lock_view_shared();
  FOR key IN
    SELECT DISTINCT document_lock_key(u, k) AS lock_key FROM unnest(user_ids, kinds) AS wanted (u, k) ORDER BY lock_key
  LOOP
    PERFORM pg_advisory_xact_lock(key);
  END LOOP;
END
$$;

-- False when a writer holds one of the row locks.
CREATE FUNCTION try_lock_documents(user_ids text[], kinds text[]) RETURNS boolean LANGUAGE plpgsql AS
$$
DECLARE
  key bigint;
BEGIN
  FOR key IN SELECT DISTINCT document_lock_key(u, k) FROM unnest(user_ids, kinds) AS wanted (u, k)
  LOOP
    IF NOT pg_try_advisory_xact_lock(key) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END
$$;

-- Stores changes and their history. Each change: the version it makes, the new data (null = deleted), its changes.
-- The caller holds the row locks and has read the versions under them.
CREATE FUNCTION apply_changes(
  user_ids text[], kinds text[], versions bigint[], contents text[], change_lists text[], by_whom text, why text
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  stored_count bigint;
BEGIN
  PERFORM set_config('gateway.writer', 'on', true);
  WITH wanted AS (
    SELECT * FROM unnest(user_ids, kinds, versions, contents, change_lists) AS w (user_id, kind, version, data, changes)
  ), stored AS (
    INSERT INTO documents AS d (user_id, kind, version, data, updated_at, updated_by, changed_xid)
    SELECT w.user_id, w.kind, w.version, w.data::jsonb, at, by_whom, pg_current_xact_id() FROM wanted w
    ON CONFLICT (user_id, kind) DO UPDATE
      SET version = excluded.version, data = excluded.data, updated_at = excluded.updated_at,
          updated_by = excluded.updated_by, changed_xid = excluded.changed_xid
      WHERE d.version = excluded.version - 1
    RETURNING d.user_id, d.kind, d.version, d.data
  )
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  SELECT s.user_id, s.kind, s.version, s.data, at, by_whom, why, w.changes::jsonb
  FROM stored s JOIN wanted w USING (user_id, kind);
  GET DIAGNOSTICS stored_count = ROW_COUNT;
  PERFORM set_config('gateway.writer', 'off', true);
  -- A deleted document leaves its version behind and nothing of its content.
  DELETE FROM document_history h
  USING unnest(user_ids, kinds, contents) AS w (user_id, kind, data)
  WHERE w.data IS NULL AND h.user_id = w.user_id AND h.kind = w.kind;
  IF stored_count <> cardinality(user_ids) THEN
    RAISE EXCEPTION 'a document was changed by hand meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN at;
END
$$;

-- ON at `of_epoch` becomes OFF, not drained, one epoch later. Nothing happens when somebody was faster.
CREATE FUNCTION turn_view_off(of_epoch bigint, why text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM lock_view_exclusive();
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = why, changed_at = clock_timestamp()
  WHERE mode = 'ON' AND epoch = of_epoch;
END
$$;

-- The first step of a gate: a new epoch, so that an older gate can no longer finish. Null = somebody else moved on.
CREATE FUNCTION take_new_epoch(of_epoch bigint) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  taken bigint;
BEGIN
  PERFORM lock_view_exclusive();
  UPDATE cache_view SET epoch = epoch + 1
  WHERE mode = 'OFF' AND drained AND epoch = of_epoch
  RETURNING epoch INTO taken;
  RETURN taken;
END
$$;

-- A row changed by hand (psql) keeps its version growing and its history whole.
CREATE FUNCTION document_changed_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  NEW.version := CASE WHEN TG_OP = 'UPDATE' THEN OLD.version + 1 ELSE greatest(NEW.version, 1) END;
  NEW.updated_at := date_trunc('milliseconds', clock_timestamp());
  NEW.updated_by := 'sql:' || session_user;
  NEW.changed_xid := pg_current_xact_id();
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  VALUES (NEW.user_id, NEW.kind, NEW.version, NEW.data, NEW.updated_at, NEW.updated_by, 'sql', '[]');
  RETURN NEW;
END
$$;
CREATE TRIGGER changed_by_hand BEFORE INSERT OR UPDATE ON documents FOR EACH ROW
WHEN (current_setting('gateway.writer', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION document_changed_by_hand();

-- At COMMIT of such a change the view is turned OFF, so that it is seen when the last lease has ended. Deferred: the
-- exclusive VIEW lock is held for a moment only, however long the transaction stays open.
CREATE FUNCTION turn_view_off_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM lock_view_exclusive();
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = 'manual-edit', changed_at = clock_timestamp()
  WHERE mode = 'ON';
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER view_off_by_hand AFTER INSERT OR UPDATE ON documents DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (current_setting('gateway.writer', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION turn_view_off_by_hand();

-- A version that restarts after a DELETE would let the cache answer what was before.
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME
    USING HINT = 'DELETE /api/users/:id removes a user; UPDATE documents SET data = NULL one document.';
END
$$;
CREATE TRIGGER never_deleted BEFORE DELETE ON documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER history_never_truncated BEFORE TRUNCATE ON document_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
