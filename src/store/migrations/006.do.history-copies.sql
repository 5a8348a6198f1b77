-- The history takes the stored row over, in a statement of its own: what was compressed for `documents` is copied as it
-- is, not compressed a second time, which was a fifth of what a write of 5 KB cost PostgreSQL.

CREATE OR REPLACE FUNCTION apply_change(
  of_user text, of_kind text, to_version bigint, content text, change_list text, by_whom text, why text
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  next_data jsonb := content;
BEGIN
  PERFORM set_config('gateway.writer', 'on', true);
  UPDATE documents d
  SET version = to_version, data = next_data, updated_at = at, updated_by = by_whom, changed_xid = pg_current_xact_id()
  WHERE d.user_id = of_user AND d.kind = of_kind AND d.version = to_version - 1;
  IF NOT FOUND THEN
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
    VALUES (of_user, of_kind, to_version, next_data, at, by_whom, pg_current_xact_id())
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

CREATE OR REPLACE FUNCTION apply_changes(
  user_ids text[], kinds text[], versions bigint[], contents text[], change_lists text[], by_whom text, why text
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  stored_count bigint;
BEGIN
  PERFORM set_config('gateway.writer', 'on', true);
  INSERT INTO documents AS d (user_id, kind, version, data, updated_at, updated_by, changed_xid)
  SELECT w.user_id, w.kind, w.version, w.data::jsonb, at, by_whom, pg_current_xact_id()
  FROM unnest(user_ids, kinds, versions, contents) AS w (user_id, kind, version, data)
  ON CONFLICT (user_id, kind) DO UPDATE
    SET version = excluded.version, data = excluded.data, updated_at = excluded.updated_at,
        updated_by = excluded.updated_by, changed_xid = excluded.changed_xid
    WHERE d.version = excluded.version - 1;
  GET DIAGNOSTICS stored_count = ROW_COUNT;
  PERFORM set_config('gateway.writer', 'off', true);
  IF stored_count <> cardinality(user_ids) THEN
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
