-- Which database this is. A database that was set back (restored, branched, a standby that lagged) is another incarnation
-- of itself: transaction ids, versions and events of the time that it lost mean nothing in it, and never run again.
CREATE TABLE database_incarnation (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  -- `<root>-<number>-<random>`: the root stays when a database is set back, and tells its incarnations from other
  -- databases. '' = no gateway has met this database yet.
  id text NOT NULL,
  -- Grows by one with each incarnation.
  number integer NOT NULL,
  -- Versions given in this incarnation are at least this.
  version_base bigint NOT NULL,
  -- What the server told when it began; null = it does not tell.
  system_identifier text,
  timeline text,
  database_oid text,
  reason text NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO database_incarnation (id, number, version_base, reason) VALUES ('', 0, 0, 'new-database');

CREATE FUNCTION current_incarnation() RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT number FROM database_incarnation $$;

CREATE OR REPLACE FUNCTION database_identity() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT id FROM database_incarnation $$;

-- What the server tells of itself. Aurora refuses pg_current_wal_lsn() (55000), YugabyteDB does not have it, others may
-- not permit pg_control_system(): then there is no evidence, and the marker in Redis has to tell (consistency.md).
CREATE FUNCTION database_evidence(OUT system_identifier text, OUT timeline text, OUT database_oid text)
LANGUAGE plpgsql STABLE AS
$$
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'the server is a standby' USING ERRCODE = 'read_only_sql_transaction';
  END IF;
  BEGIN
    SELECT c.system_identifier INTO system_identifier FROM pg_control_system() c;
  EXCEPTION WHEN OTHERS THEN
    system_identifier := NULL;
  END;
  BEGIN
    timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
  EXCEPTION WHEN OTHERS THEN
    timeline := NULL;
  END;
  SELECT d.oid INTO database_oid FROM pg_database d WHERE d.datname = current_database();
END
$$;

-- Why this is not the database that the stored incarnation speaks of; null = it is, as far as the server tells.
CREATE FUNCTION database_moved() RETURNS text LANGUAGE sql STABLE AS
$$
  SELECT CASE
    WHEN i.id = '' THEN 'new-database'
    WHEN i.system_identifier <> e.system_identifier OR i.database_oid <> e.database_oid THEN 'another-database'
    WHEN i.timeline <> e.timeline THEN 'database-timeline'
  END
  FROM database_incarnation i, database_evidence() e
$$;

-- Begins a new incarnation in the place of `of_id`, and turns the view OFF, to be drained: leases of the time that was
-- lost may be running. Nothing happens when another instance was faster. The base comes from the wall clock, one million
-- versions for each second, so that it is above whatever was given in the time that is lost. `at_least`: a number above
-- those of incarnations that were lost.
CREATE FUNCTION begin_incarnation(of_id text, why text, at_least integer) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_exclusive();
  UPDATE database_incarnation i SET
    id = concat_ws('-',
      CASE WHEN why IN ('new-database', 'another-database') THEN left(md5(gen_random_uuid()::text), 12)
           ELSE split_part(of_id, '-', 1) END,
      greatest(i.number + 1, at_least), left(md5(gen_random_uuid()::text), 8)),
    number = greatest(i.number + 1, at_least),
    version_base = CASE WHEN of_id = '' THEN 0 ELSE
      greatest(i.version_base + 1000000, floor(extract(epoch FROM clock_timestamp()))::bigint * 1000000) END,
    system_identifier = e.system_identifier, timeline = e.timeline, database_oid = e.database_oid,
    reason = why, begun_at = clock_timestamp()
  FROM database_evidence() e
  WHERE i.id = of_id;
  IF FOUND AND of_id <> '' THEN
    UPDATE cache_view
    SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = why, changed_at = clock_timestamp();
  END IF;
END
$$;

-- In which incarnation changed_xid was given: in another one it means nothing.
ALTER TABLE documents ADD COLUMN incarnation integer NOT NULL DEFAULT 0;
DROP INDEX documents_changed_xid;
CREATE INDEX documents_changed ON documents (incarnation, changed_xid);

-- The old version is told, not `to_version - 1`: with a new incarnation versions leap to its base.
DROP FUNCTION apply_change(text, text, bigint, text, text, text, text);
CREATE FUNCTION apply_change(
  of_user text, of_kind text, from_version bigint, to_version bigint, content text, change_list text, by_whom text,
  why text
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  next_data jsonb := content;
BEGIN
  PERFORM set_config('gateway.writer', 'on', true);
  UPDATE documents d
  SET version = to_version, data = next_data, updated_at = at, updated_by = by_whom, changed_xid = pg_current_xact_id(),
      incarnation = current_incarnation()
  WHERE d.user_id = of_user AND d.kind = of_kind AND d.version = from_version;
  IF NOT FOUND THEN
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
    SELECT of_user, of_kind, to_version, next_data, at, by_whom, pg_current_xact_id(), current_incarnation()
    WHERE from_version = 0
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'a document was changed by hand meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  PERFORM set_config('gateway.writer', 'off', true);
  IF next_data IS NULL THEN
    -- A deleted document leaves its version behind and nothing of its content.
    DELETE FROM document_history h WHERE h.user_id = of_user AND h.kind = of_kind;
  ELSE
    INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
    SELECT d.user_id, d.kind, d.version, d.data, d.updated_at, d.updated_by, why, change_list::jsonb
    FROM documents d WHERE d.user_id = of_user AND d.kind = of_kind;
  END IF;
  RETURN at;
END
$$;

DROP FUNCTION apply_changes(text[], text[], bigint[], text[], text[], text, text);
CREATE FUNCTION apply_changes(
  user_ids text[], kinds text[], from_versions bigint[], to_versions bigint[], contents text[], change_lists text[],
  by_whom text, why text
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  stored_count bigint;
  made_count bigint;
BEGIN
  PERFORM set_config('gateway.writer', 'on', true);
  UPDATE documents d
  SET version = w.to_version, data = w.data::jsonb, updated_at = at, updated_by = by_whom,
      changed_xid = pg_current_xact_id(), incarnation = current_incarnation()
  FROM unnest(user_ids, kinds, from_versions, to_versions, contents)
    AS w (user_id, kind, from_version, to_version, data)
  WHERE d.user_id = w.user_id AND d.kind = w.kind AND d.version = w.from_version;
  GET DIAGNOSTICS stored_count = ROW_COUNT;
  INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
  SELECT w.user_id, w.kind, w.to_version, w.data::jsonb, at, by_whom, pg_current_xact_id(), current_incarnation()
  FROM unnest(user_ids, kinds, from_versions, to_versions, contents)
    AS w (user_id, kind, from_version, to_version, data)
  WHERE w.from_version = 0
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS made_count = ROW_COUNT;
  PERFORM set_config('gateway.writer', 'off', true);
  IF stored_count + made_count <> cardinality(user_ids) THEN
    RAISE EXCEPTION 'a document was changed by hand meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  SELECT d.user_id, d.kind, d.version, d.data, d.updated_at, d.updated_by, why, w.changes::jsonb
  FROM unnest(user_ids, kinds, change_lists) AS w (user_id, kind, changes) JOIN documents d USING (user_id, kind)
  WHERE d.data IS NOT NULL;
  -- A deleted document leaves its version behind and nothing of its content.
  DELETE FROM document_history h
  USING unnest(user_ids, kinds, contents) AS w (user_id, kind, data)
  WHERE w.data IS NULL AND h.user_id = w.user_id AND h.kind = w.kind;
  RETURN at;
END
$$;

CREATE OR REPLACE FUNCTION document_changed_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE
  base bigint;
BEGIN
  SELECT version_base, number INTO base, NEW.incarnation FROM database_incarnation;
  NEW.version := greatest(CASE WHEN TG_OP = 'UPDATE' THEN OLD.version + 1 ELSE NEW.version END, base, 1);
  NEW.updated_at := date_trunc('milliseconds', clock_timestamp());
  NEW.updated_by := 'sql:' || session_user;
  NEW.changed_xid := pg_current_xact_id();
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  VALUES (NEW.user_id, NEW.kind, NEW.version, NEW.data, NEW.updated_at, NEW.updated_by, 'sql', '[]');
  RETURN NEW;
END
$$;
