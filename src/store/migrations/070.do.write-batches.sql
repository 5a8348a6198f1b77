-- Several writes in one transaction: none of them waits for a row lock, so that one that cannot be had holds up nobody else,
-- and each change says who made it and why.

-- VIEW lock shared, and the row lock if it can be had at once.
CREATE FUNCTION try_lock_one_for_write(of_user text, of_kind text) RETURNS boolean LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM pg_advisory_xact_lock_shared(7215, 1);
  RETURN pg_try_advisory_xact_lock(document_lock_key(of_user, of_kind));
END
$$;

-- The same for several: which of the row locks were had, in the order of the arguments.
CREATE FUNCTION try_lock_for_write(user_ids text[], kinds text[]) RETURNS boolean[] LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM lock_view_shared();
  RETURN (
    SELECT array_agg(pg_try_advisory_xact_lock(document_lock_key(u, k)) ORDER BY place)
    FROM unnest(user_ids, kinds) WITH ORDINALITY AS wanted (u, k, place));
END
$$;

DROP FUNCTION apply_changes(text[], text[], bigint[], bigint[], text[], text[], text, text);
CREATE FUNCTION apply_changes(
  user_ids text[], kinds text[], from_versions bigint[], to_versions bigint[], contents text[], change_lists text[],
  by_whom text[], why text[]
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  stored_count bigint;
  made_count bigint;
BEGIN
  PERFORM set_config('gateway.writer', 'on', true);
  UPDATE documents d
  SET version = w.to_version, data = w.data::jsonb, updated_at = at, updated_by = w.updated_by,
      changed_xid = pg_current_xact_id(), incarnation = current_incarnation()
  FROM unnest(user_ids, kinds, from_versions, to_versions, contents, by_whom)
    AS w (user_id, kind, from_version, to_version, data, updated_by)
  WHERE d.user_id = w.user_id AND d.kind = w.kind AND d.version = w.from_version;
  GET DIAGNOSTICS stored_count = ROW_COUNT;
  INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
  SELECT w.user_id, w.kind, w.to_version, w.data::jsonb, at, w.updated_by, pg_current_xact_id(), current_incarnation()
  FROM unnest(user_ids, kinds, from_versions, to_versions, contents, by_whom)
    AS w (user_id, kind, from_version, to_version, data, updated_by)
  WHERE w.from_version = 0
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS made_count = ROW_COUNT;
  PERFORM set_config('gateway.writer', 'off', true);
  IF stored_count + made_count <> cardinality(user_ids) THEN
    RAISE EXCEPTION 'a document was changed by hand meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  SELECT d.user_id, d.kind, d.version, d.data, d.updated_at, d.updated_by, w.reason, w.changes::jsonb
  FROM unnest(user_ids, kinds, change_lists, why) AS w (user_id, kind, changes, reason) JOIN documents d USING (user_id, kind)
  WHERE d.data IS NOT NULL;
  -- A deleted document leaves its version behind and nothing of its content.
  DELETE FROM document_history h
  USING unnest(user_ids, kinds, contents) AS w (user_id, kind, data)
  WHERE w.data IS NULL AND h.user_id = w.user_id AND h.kind = w.kind;
  RETURN at;
END
$$;
