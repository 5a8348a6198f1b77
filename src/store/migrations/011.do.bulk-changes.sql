-- One change of many users (docs/jobs.md). The users are listed first, in small steps; then each is changed by an ordinary
-- write of the document. The write marks the user in its own transaction: the gateway gives the history row the reason
-- `bulk:<id>`, and a trigger on the history moves the user on, or refuses the transaction when that was done before or the
-- bulk change has ended.

CREATE TABLE bulk_changes (
  id text PRIMARY KEY,
  kind text NOT NULL,
  -- JSON text of the patch, exact; empty for one that takes another one back.
  data text NOT NULL,
  -- JSON text: the conditions as the caller sent them.
  conditions text NOT NULL,
  reason text NOT NULL,
  -- The bulk change that this one takes back.
  reverts text,
  -- With If-Match: a snapshot. Users whose document was changed by a later transaction are refused.
  since pg_snapshot,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
  -- Up to which user they are listed, and whether all are.
  listed_to text COLLATE "C" NOT NULL DEFAULT '',
  listed boolean NOT NULL DEFAULT false,
  total bigint NOT NULL DEFAULT 0,
  -- When the first user was about to be changed.
  started_at timestamptz,
  claimed_by text NOT NULL DEFAULT '',
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  -- Why it failed.
  failure text,
  ended_at timestamptz
);
CREATE INDEX bulk_changes_running ON bulk_changes (created_at) WHERE state = 'running';

CREATE TABLE bulk_users (
  bulk_id text NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'unchanged', 'refused')),
  -- Before: the version that must still be current, or whose changes are taken back. Afterwards: the version it made.
  version bigint,
  -- JSON text: why it was refused.
  faults text,
  PRIMARY KEY (bulk_id, user_id)
);

-- A plan that was made while the table was small must not read all of it when it has grown.
CREATE FUNCTION mark_bulk_user() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS
$$
DECLARE
  job text := split_part(NEW.reason, ':', 2);
BEGIN
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
CREATE TRIGGER bulk_user BEFORE INSERT ON document_history FOR EACH ROW
WHEN (starts_with(NEW.reason, 'bulk:'))
EXECUTE FUNCTION mark_bulk_user();

-- A user who is deleted and created again meanwhile is another one.
CREATE FUNCTION refuse_bulk_of_user() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS
$$
BEGIN
  UPDATE bulk_users u SET state = 'refused', faults = '[{"path":"","message":"the user was deleted"}]'
  FROM bulk_changes b
  WHERE b.state = 'running' AND u.bulk_id = b.id AND u.user_id = OLD.user_id AND u.state = 'pending';
  RETURN NULL;
END
$$;
CREATE TRIGGER bulk_ends AFTER UPDATE ON documents FOR EACH ROW
WHEN (OLD.kind = 'settings' AND OLD.data IS NOT NULL AND NEW.data IS NULL)
EXECUTE FUNCTION refuse_bulk_of_user();

-- Gives the oldest one that runs to `me` for `lease`: one at a time, in the order in which they were made.
CREATE FUNCTION claim_bulk_change(me text, lease interval) RETURNS SETOF bulk_changes LANGUAGE sql AS
$$
  UPDATE bulk_changes b SET claimed_by = me, claimed_until = clock_timestamp() + lease
  WHERE b.id = (SELECT o.id FROM bulk_changes o WHERE o.state = 'running' ORDER BY o.created_at, o.id LIMIT 1)
    AND b.state = 'running' AND (b.claimed_by = me OR b.claimed_until <= clock_timestamp())
  RETURNING b.*
$$;

-- Those that ended `keep_days` ago, with at most `most` rows of users at a time.
CREATE FUNCTION prune_bulk_changes(keep_days integer, most integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  oldest text;
  removed bigint := 0;
BEGIN
  IF pg_try_advisory_xact_lock(7215, 3) THEN
    SELECT b.id INTO oldest FROM bulk_changes b
    WHERE b.ended_at < clock_timestamp() - make_interval(days => keep_days) ORDER BY b.ended_at LIMIT 1;
    DELETE FROM bulk_users u USING (
      SELECT o.bulk_id, o.user_id FROM bulk_users o WHERE o.bulk_id = oldest LIMIT most
    ) old WHERE u.bulk_id = old.bulk_id AND u.user_id = old.user_id;
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed < most THEN
      DELETE FROM bulk_changes b WHERE b.id = oldest;
    END IF;
  END IF;
  RETURN removed;
END
$$;
