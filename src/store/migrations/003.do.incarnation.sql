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
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The transaction that wrote this row. A backup that is restored into the database that it came from changes nothing
  -- of what the server tells, but then another transaction has written the row.
  written_by xid8
);
INSERT INTO database_incarnation (id, number, version_base, reason, written_by)
VALUES ('', 0, 0, 'new-database', pg_current_xact_id());

CREATE FUNCTION note_incarnation_writer() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  NEW.written_by := pg_current_xact_id();
  RETURN NEW;
END
$$;
CREATE TRIGGER incarnation_writer BEFORE UPDATE ON database_incarnation FOR EACH ROW
EXECUTE FUNCTION note_incarnation_writer();

CREATE FUNCTION current_incarnation() RETURNS integer LANGUAGE sql STABLE AS
$$ SELECT number FROM database_incarnation $$;

CREATE FUNCTION database_identity() RETURNS text LANGUAGE sql STABLE AS
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
    WHEN i.xmin <> i.written_by::xid THEN 'restored-database'
  END
  FROM database_incarnation i, database_evidence() e
$$;

-- Refuses numbers of a database that was set back, until a gateway has noticed and floors are there (55000: not now).
CREATE FUNCTION require_known_database() RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
  moved text := database_moved();
BEGIN
  IF moved <> 'new-database' THEN
    RAISE EXCEPTION 'the database is not the one it was: %', moved USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
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
