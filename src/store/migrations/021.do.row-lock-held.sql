-- Changes that a writer sent before it knew whether it would get its row locks must not wait for those of another writer, which
-- it would do at the row itself: they are refused, and the writer begins again. A lock that the transaction holds is had once more.

CREATE FUNCTION require_row_lock(of_user text, of_kind text) RETURNS boolean LANGUAGE plpgsql AS
$$
BEGIN
  IF NOT pg_try_advisory_xact_lock(document_lock_key(of_user, of_kind)) THEN
    RAISE EXCEPTION 'another writer has the row lock' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN true;
END
$$;

CREATE FUNCTION require_row_locks(user_ids text[], kinds text[]) RETURNS boolean LANGUAGE plpgsql AS
$$
BEGIN
  IF EXISTS (
    SELECT FROM unnest(user_ids, kinds) AS wanted (u, k)
    WHERE NOT pg_try_advisory_xact_lock(document_lock_key(u, k))
  ) THEN
    RAISE EXCEPTION 'another writer has a row lock' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN true;
END
$$;
