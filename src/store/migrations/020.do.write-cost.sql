-- What a write costs PostgreSQL. A statement reads the conditions of all triggers of its table and gets them ready before it stores
-- its first row: 7 us for each, a twentieth of what a small write costs. So triggers with equal conditions are one, and what the
-- functions of the gateway can do themselves needs none.

-- Inline up to a page: a document of 6 KB is compressed to 3 or 4, and out of line each of its pieces was a row with an entry in
-- another index. Rows that are stored already stay as they are until their next change.
ALTER TABLE documents ALTER COLUMN data SET STORAGE MAIN;
ALTER TABLE document_history ALTER COLUMN data SET STORAGE MAIN;

-- As in 011 and 009, in this order: what was under way for a user ends with the user.
CREATE FUNCTION end_work_of_user() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS
$$
BEGIN
  UPDATE bulk_users u SET state = 'refused', faults = '[{"path":"","message":"the user was deleted"}]'
  FROM bulk_changes b
  WHERE b.state = 'running' AND u.bulk_id = b.id AND u.user_id = OLD.user_id AND u.state = 'pending';
  UPDATE schedules s SET state = 'cancelled', claimed_until = '-infinity', ended_at = clock_timestamp()
  WHERE s.user_id = OLD.user_id AND s.state IN ('waiting', 'active');
  RETURN NULL;
END
$$;
DROP TRIGGER bulk_ends ON documents;
DROP TRIGGER schedules_end ON documents;
DROP FUNCTION refuse_bulk_of_user(), cancel_schedules_of_user();
CREATE TRIGGER work_ends AFTER UPDATE ON documents FOR EACH ROW
WHEN (OLD.kind = 'settings' AND OLD.data IS NOT NULL AND NEW.data IS NULL)
EXECUTE FUNCTION end_work_of_user();

-- As in 009 and 011: the step of a schedule, or the user of a bulk change, is marked done in the transaction of its change.
CREATE FUNCTION mark_step() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS
$$
DECLARE
  job text := split_part(NEW.reason, ':', 2);
  step text := split_part(NEW.reason, ':', 3);
BEGIN
  IF starts_with(NEW.reason, 'schedule:') THEN
    IF NOT pass_schedule_step(job, step, NEW.version, NEW.changes) THEN
      RAISE EXCEPTION 'this step of the schedule was done before, or the schedule has ended' USING ERRCODE = 'SG001';
    END IF;
    NEW.reason := CASE WHEN step LIKE 'refuse-%' THEN 'schedule-refused' ELSE 'schedule' END;
    RETURN NEW;
  END IF;
  UPDATE bulk_users u SET state = 'done', version = NEW.version
  FROM bulk_changes b
  WHERE b.id = job AND b.kind = NEW.kind AND b.state = 'running'
    AND u.bulk_id = b.id AND u.user_id = NEW.user_id AND u.state = 'pending';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this user was changed before, or the bulk change has ended' USING ERRCODE = 'SG001';
  END IF;
  NEW.reason := 'bulk';
  RETURN NEW;
END
$$;
DROP TRIGGER schedule_step ON document_history;
DROP TRIGGER bulk_user ON document_history;
DROP FUNCTION mark_schedule_step(), mark_bulk_user();
CREATE TRIGGER step_done BEFORE INSERT ON document_history FOR EACH ROW
WHEN (starts_with(NEW.reason, 'schedule:') OR starts_with(NEW.reason, 'bulk:'))
EXECUTE FUNCTION mark_step();

-- As in 004, and what document_created_anew did: a document that is created again has a new `created_at`.
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
    IF TG_OP = 'UPDATE' AND OLD.data IS NULL AND NEW.data IS NOT NULL THEN
      NEW.created_at := NEW.updated_at;
    END IF;
  END IF;
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER created_anew ON documents;
DROP FUNCTION document_created_anew();

-- As in 001. The incarnation is read once: in a statement, a function that selects is planned each time, and runs for each row.
CREATE OR REPLACE FUNCTION apply_change(
  of_user text, of_kind text, from_version bigint, to_version bigint, content text, change_list text, by_whom text,
  why text
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  next_data jsonb := content;
  present integer;
BEGIN
  SELECT number INTO present FROM database_incarnation;
  PERFORM set_config('gateway.writer', 'on', true);
  UPDATE documents d
  SET version = to_version, data = next_data, updated_at = at, updated_by = by_whom, changed_xid = pg_current_xact_id(),
      incarnation = present,
      created_at = CASE WHEN d.data IS NULL AND next_data IS NOT NULL THEN at ELSE d.created_at END
  WHERE d.user_id = of_user AND d.kind = of_kind AND d.version = from_version;
  IF NOT FOUND THEN
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
    SELECT of_user, of_kind, to_version, next_data, at, by_whom, pg_current_xact_id(), present
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

-- As in 001, without looks for rows that cannot be there: an import stores nothing but new documents, and many of them are copies
-- of few (`twins`), which are read once each.
CREATE OR REPLACE FUNCTION apply_changes(
  user_ids text[], kinds text[], from_versions bigint[], to_versions bigint[], contents text[], change_lists text[],
  by_whom text[], why text[], twins text[] DEFAULT NULL
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  present integer;
  stored_count bigint;
  made_count bigint := 0;
  twin_count bigint := 0;
BEGIN
  SELECT number INTO present FROM database_incarnation;
  PERFORM set_config('gateway.writer', 'on', true);
  UPDATE documents d
  SET version = w.to_version, data = w.data::jsonb, updated_at = at, updated_by = w.updated_by,
      changed_xid = pg_current_xact_id(), incarnation = present,
      created_at = CASE WHEN d.data IS NULL AND w.data IS NOT NULL THEN at ELSE d.created_at END
  FROM unnest(user_ids, kinds, from_versions, to_versions, contents, by_whom)
    AS w (user_id, kind, from_version, to_version, data, updated_by)
  WHERE w.from_version > 0 AND d.user_id = w.user_id AND d.kind = w.kind AND d.version = w.from_version;
  GET DIAGNOSTICS stored_count = ROW_COUNT;
  IF 0 = ANY (from_versions) THEN
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
    SELECT w.user_id, w.kind, w.to_version, w.data::jsonb, at, w.updated_by, pg_current_xact_id(), present
    FROM unnest(user_ids, kinds, from_versions, to_versions, contents, by_whom, twins)
      AS w (user_id, kind, from_version, to_version, data, updated_by, twin)
    WHERE w.from_version = 0 AND w.twin IS NULL
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made_count = ROW_COUNT;
  END IF;
  IF twins IS NOT NULL THEN
    WITH firsts AS MATERIALIZED (
      SELECT d.user_id, d.kind, d.data
      FROM (SELECT DISTINCT t.twin, t.kind FROM unnest(twins, kinds) AS t (twin, kind) WHERE t.twin IS NOT NULL) f
      JOIN documents d ON d.user_id = f.twin AND d.kind = f.kind
    )
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
    SELECT w.user_id, w.kind, w.to_version, f.data, at, w.updated_by, pg_current_xact_id(), present
    FROM unnest(user_ids, kinds, to_versions, by_whom, twins) AS w (user_id, kind, to_version, updated_by, twin)
    JOIN firsts f ON f.user_id = w.twin AND f.kind = w.kind
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS twin_count = ROW_COUNT;
  END IF;
  PERFORM set_config('gateway.writer', 'off', true);
  IF stored_count + made_count + twin_count <> cardinality(user_ids) THEN
    RAISE EXCEPTION 'a document was changed by hand meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  SELECT d.user_id, d.kind, d.version, d.data, d.updated_at, d.updated_by, w.reason, w.changes::jsonb
  FROM unnest(user_ids, kinds, change_lists, why) AS w (user_id, kind, changes, reason) JOIN documents d USING (user_id, kind)
  WHERE d.data IS NOT NULL;
  -- A deleted document leaves its version behind and nothing of its content.
  DELETE FROM document_history h
  USING unnest(user_ids, kinds, contents, twins) AS w (user_id, kind, data, twin)
  WHERE w.data IS NULL AND w.twin IS NULL AND h.user_id = w.user_id AND h.kind = w.kind;
  RETURN at;
END
$$;
