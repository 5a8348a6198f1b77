-- Nearly every write changes one document: these two do for one what lock_for_write and apply_changes do for several,
-- at half the cost, for they sort nothing and join nothing.

-- VIEW lock shared, then the row lock. VOLATILE: what follows reads a snapshot taken after them.
CREATE FUNCTION lock_one_for_write(of_user text, of_kind text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7215, 1);
  PERFORM pg_advisory_xact_lock(document_lock_key(of_user, of_kind));
END
$$;

-- Stores one change and its history. The caller holds the row lock and has read the version under it.
CREATE FUNCTION apply_change(
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
  INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
  VALUES (of_user, of_kind, to_version, next_data, at, by_whom, why, change_list::jsonb);
  IF next_data IS NULL THEN
    -- A deleted document leaves its version behind and nothing of its content.
    DELETE FROM document_history h WHERE h.user_id = of_user AND h.kind = of_kind;
  END IF;
  RETURN at;
END
$$;
