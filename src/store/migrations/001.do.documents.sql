-- The documents and their history, and what a write does to them (docs/consistency.md). All migrations run in one transaction.

CREATE TABLE documents (
  user_id text NOT NULL,
  kind text NOT NULL,
  -- Grows with each change and never restarts: a deleted document stays as a row without data.
  version bigint NOT NULL CHECK (version > 0),
  data jsonb,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  -- The transaction of the last change: what the gate fences after Redis lost its tail.
  changed_xid xid8 NOT NULL,
  -- In which incarnation of the database changed_xid was given: in another one it means nothing.
  incarnation integer NOT NULL DEFAULT 0,
  -- Since when a user exists, for the list of users: when the document was created, or created again.
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (user_id, kind)
);
CREATE INDEX documents_changed ON documents (incarnation, changed_xid);
-- The users in the order of their ids, which is the same in every locale: a page of the list, or of the export, begins anywhere.
CREATE INDEX documents_users ON documents (user_id COLLATE "C") WHERE kind = 'settings' AND data IS NOT NULL;

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

CREATE FUNCTION document_created_anew() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  NEW.created_at := NEW.updated_at;
  RETURN NEW;
END
$$;
CREATE TRIGGER created_anew BEFORE UPDATE ON documents FOR EACH ROW
WHEN (OLD.data IS NULL AND NEW.data IS NOT NULL)
EXECUTE FUNCTION document_created_anew();

-- A database or a role may have other defaults than PostgreSQL: a transaction of the gateway is READ COMMITTED, because
-- what it reads behind a lock must be newer than the lock, and its COMMIT is on disk before it is acknowledged. This
-- refuses a transaction whose snapshot is older than its locks, and makes its COMMIT durable. Values of
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

-- A document's row lock. A lock on a name, because the row may not exist yet.
CREATE FUNCTION document_lock_key(user_id text, kind text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT hashtextextended(user_id || chr(10) || kind, 7215) $$;

-- Nearly every write changes one document: what is named after one does for one what the others do for several, at half
-- the cost, because it sorts nothing and joins nothing.

-- VIEW lock shared, then the row lock. VOLATILE: what follows reads a snapshot taken after them.
CREATE FUNCTION lock_one_for_write(of_user text, of_kind text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM require_safe_transaction();
  PERFORM pg_advisory_xact_lock_shared(7215, 1);
  PERFORM pg_advisory_xact_lock(document_lock_key(of_user, of_kind));
END
$$;

-- The same for several, in one order for all writers.
CREATE FUNCTION lock_for_write(user_ids text[], kinds text[]) RETURNS void LANGUAGE plpgsql AS
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

-- Several writes in one transaction: none of them waits for a row lock, so that one that cannot be had holds up none of
-- the others. VIEW lock shared, and the row lock if it can be had at once.
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

-- Stores one change and its history. The caller holds the row lock and has read the version under it. The old version is
-- told, because versions leap to the base of a new incarnation. The history takes the stored row over in a statement of
-- its own: what was compressed for `documents` is copied as it is, not compressed a second time, which was a fifth of
-- what a write of 5 KB cost PostgreSQL.
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

-- The same for several documents, each with the version it makes, its new data (null = deleted), its changes, who made
-- it and why. A new document that has the content of another new one of its kind names the user of that one in `twins`, in
-- the place of data: its row is copied, which costs a fraction of parsing and compressing the content again. Most documents
-- of most new users are the defaults.
CREATE FUNCTION apply_changes(
  user_ids text[], kinds text[], from_versions bigint[], to_versions bigint[], contents text[], change_lists text[],
  by_whom text[], why text[], twins text[] DEFAULT NULL
) RETURNS timestamptz LANGUAGE plpgsql AS
$$
DECLARE
  at timestamptz := date_trunc('milliseconds', clock_timestamp());
  stored_count bigint;
  made_count bigint;
  twin_count bigint := 0;
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
  FROM unnest(user_ids, kinds, from_versions, to_versions, contents, by_whom, twins)
    AS w (user_id, kind, from_version, to_version, data, updated_by, twin)
  WHERE w.from_version = 0 AND w.twin IS NULL
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS made_count = ROW_COUNT;
  IF twins IS NOT NULL THEN
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
    SELECT w.user_id, w.kind, w.to_version, d.data, at, w.updated_by, pg_current_xact_id(), current_incarnation()
    FROM unnest(user_ids, kinds, to_versions, by_whom, twins) AS w (user_id, kind, to_version, updated_by, twin)
    JOIN documents d ON d.user_id = w.twin AND d.kind = w.kind
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
