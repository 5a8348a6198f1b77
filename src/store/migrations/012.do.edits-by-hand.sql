-- What operators do with psql: it is seen, or refused with a sentence, also with session_replication_role = replica
-- (ENABLE ALWAYS). ALTER TABLE ... DISABLE TRIGGER and edits of cache_view are outside (docs/postgresql.md).

-- The longest lease that an instance may have been granted since the view was turned ON: who drains waits for it.
ALTER TABLE cache_view ADD COLUMN lease_ms integer NOT NULL DEFAULT 0;

-- Rows that a subscription brings keep the version and the history that their publisher gave them.
CREATE FUNCTION is_subscription() RETURNS boolean LANGUAGE sql STABLE AS
$$
  SELECT current_setting('session_replication_role') = 'replica' AND EXISTS (
    SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type LIKE 'logical replication%')
$$;

CREATE OR REPLACE FUNCTION document_changed_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE
  base bigint;
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.user_id <> OLD.user_id OR NEW.kind <> OLD.kind) THEN
    RAISE EXCEPTION 'user_id and kind of a document never change: its history and what is cached are under these names'
      USING HINT = 'INSERT a document of the other name, and UPDATE documents SET data = NULL for this one.';
  END IF;
  SELECT version_base, number INTO base, NEW.incarnation FROM database_incarnation;
  NEW.changed_xid := pg_current_xact_id();
  IF NOT is_subscription() THEN
    NEW.version := CASE TG_OP
      WHEN 'UPDATE' THEN greatest(OLD.version + 1, base)
      ELSE greatest(NEW.version, base, 1, (
        SELECT max(h.version) + 1 FROM document_history h WHERE h.user_id = NEW.user_id AND h.kind = NEW.kind))
    END;
    NEW.updated_at := date_trunc('milliseconds', clock_timestamp());
    NEW.updated_by := 'sql:' || session_user;
  END IF;
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  RETURN NEW;
END
$$;

-- Behind the change: INSERT ... ON CONFLICT DO UPDATE runs the triggers of an INSERT first that does not take place.
CREATE FUNCTION document_history_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  IF NOT is_subscription() THEN
    INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
    VALUES (NEW.user_id, NEW.kind, NEW.version, NEW.data, NEW.updated_at, NEW.updated_by, 'sql', '[]');
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER history_by_hand AFTER INSERT OR UPDATE ON documents FOR EACH ROW
WHEN (current_setting('gateway.writer', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION document_history_by_hand();

ALTER TABLE documents ENABLE ALWAYS TRIGGER changed_by_hand;
ALTER TABLE documents ENABLE ALWAYS TRIGGER history_by_hand;
ALTER TABLE documents ENABLE ALWAYS TRIGGER view_off_by_hand;
ALTER TABLE documents ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE documents ENABLE ALWAYS TRIGGER never_truncated;
ALTER TABLE document_history ENABLE ALWAYS TRIGGER history_never_truncated;

CREATE FUNCTION refuse_removal_of_state() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  RAISE EXCEPTION 'the row of % is never removed: it says what may be believed of the cache', TG_TABLE_NAME
    USING HINT = 'SELECT turn_view_off(epoch, ''by-hand'') FROM cache_view empties no table and stops the use of the cache.';
END
$$;
CREATE TRIGGER never_deleted BEFORE DELETE ON cache_view FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal_of_state();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON cache_view FOR EACH STATEMENT
EXECUTE FUNCTION refuse_removal_of_state();
CREATE TRIGGER never_deleted BEFORE DELETE ON database_incarnation FOR EACH STATEMENT
EXECUTE FUNCTION refuse_removal_of_state();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON database_incarnation FOR EACH STATEMENT
EXECUTE FUNCTION refuse_removal_of_state();
ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_truncated;
ALTER TABLE database_incarnation ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE database_incarnation ENABLE ALWAYS TRIGGER never_truncated;

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
