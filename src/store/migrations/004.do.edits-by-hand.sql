-- What operators do with psql: it is seen, or refused with a sentence, also with session_replication_role = replica
-- (ENABLE ALWAYS). ALTER TABLE ... DISABLE TRIGGER and edits of cache_view are outside (docs/postgresql.md).

-- Rows that a subscription brings keep the version and the history that their publisher gave them.
CREATE FUNCTION is_subscription() RETURNS boolean LANGUAGE sql STABLE AS
$$
  SELECT current_setting('session_replication_role') = 'replica' AND EXISTS (
    SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type LIKE 'logical replication%')
$$;

-- A row changed by hand keeps its version growing and its history whole.
CREATE FUNCTION document_changed_by_hand() RETURNS trigger LANGUAGE plpgsql AS
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
CREATE TRIGGER changed_by_hand BEFORE INSERT OR UPDATE ON documents FOR EACH ROW
WHEN (current_setting('gateway.writer', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION document_changed_by_hand();

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

-- At COMMIT of such a change the view is turned OFF, so that it is seen when the last lease has ended. Deferred: the
-- exclusive VIEW lock is held for a moment only, however long the transaction stays open. An edit by hand may run in any
-- isolation: locking the row refuses (40001) a snapshot that is older than the view, because it would take a view for OFF
-- that was turned ON meanwhile.
CREATE FUNCTION turn_view_off_by_hand() RETURNS trigger LANGUAGE plpgsql AS
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
CREATE TRIGGER history_never_truncated BEFORE TRUNCATE ON document_history FOR EACH STATEMENT
EXECUTE FUNCTION refuse_removal();

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

ALTER TABLE documents ENABLE ALWAYS TRIGGER changed_by_hand;
ALTER TABLE documents ENABLE ALWAYS TRIGGER history_by_hand;
ALTER TABLE documents ENABLE ALWAYS TRIGGER view_off_by_hand;
ALTER TABLE documents ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE documents ENABLE ALWAYS TRIGGER never_truncated;
ALTER TABLE document_history ENABLE ALWAYS TRIGGER history_never_truncated;
ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_truncated;
ALTER TABLE database_incarnation ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE database_incarnation ENABLE ALWAYS TRIGGER never_truncated;
