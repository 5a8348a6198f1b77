-- Changes that take effect later, and that may end (docs/jobs.md). A schedule has one or two steps, `start` and `end`; each
-- is an ordinary write of its document. The step marks itself in the transaction of that write: the gateway gives the
-- history row the reason `schedule:<id>:<step>`, and a trigger on the history moves the schedule on, or refuses the
-- transaction when the step was done before or the schedule has ended.

CREATE TABLE schedules (
  id text PRIMARY KEY,
  user_id text NOT NULL,
  kind text NOT NULL,
  section text,
  -- JSON text of the patch, exact.
  data text NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz,
  note text,
  -- With If-Match: the version that the document must still have when the start is due.
  base_version bigint,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- waiting: for its start. active: it has started, and waits for its end.
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'done', 'cancelled', 'refused')),
  -- When the next step is due.
  due_at timestamptz NOT NULL,
  -- The version that the start made, and its changes, which the end takes back.
  version bigint,
  changes jsonb NOT NULL DEFAULT '[]',
  -- JSON text: why a due step was refused.
  faults text,
  attempts integer NOT NULL DEFAULT 0,
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  ended_at timestamptz
);
CREATE INDEX schedules_due ON schedules (due_at, id) WHERE state IN ('waiting', 'active');
CREATE INDEX schedules_of_user ON schedules (user_id);
CREATE INDEX schedules_ended ON schedules (ended_at) WHERE ended_at IS NOT NULL;

-- Adds a schedule that is open for fewer than `most` others of the user. What is wrong otherwise: `past`, `far`, `order`,
-- `full`. Times are compared with this server's clock, never with an instance's.
CREATE FUNCTION add_schedule(
  of_id text, of_user text, of_kind text, of_section text, content text, starts timestamptz, ends timestamptz, why text,
  base bigint, by_whom text, most integer, horizon interval
) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
  moment timestamptz := clock_timestamp();
BEGIN
  -- A caller's clock may be late by a little.
  IF starts < moment - interval '1 minute' THEN RETURN 'past'; END IF;
  IF greatest(starts, ends) > moment + horizon THEN RETURN 'far'; END IF;
  IF ends <= greatest(starts, moment) THEN RETURN 'order'; END IF;
  -- So that two calls do not both take the last place.
  PERFORM pg_advisory_xact_lock(hashtextextended(of_user, 7216));
  IF (SELECT count(*) FROM schedules s WHERE s.user_id = of_user AND s.state IN ('waiting', 'active')) >= most THEN
    RETURN 'full';
  END IF;
  INSERT INTO schedules (id, user_id, kind, section, data, starts_at, ends_at, note, base_version, created_by, due_at)
  VALUES (of_id, of_user, of_kind, of_section, content, starts, ends, why, base, by_whom, starts);
  RETURN 'added';
END
$$;

-- Gives the caller due steps for `lease`, the earliest first, and of each document only the first that is open: so they
-- are done in order, whichever instances do them. A step whose instance died is due again after its lease. Looks at the
-- 2,000 earliest: what comes before a step of the same document is among them if the step is. Here and below, a plan that
-- was made while the table was small must not read all of it when it has grown.
CREATE FUNCTION claim_due_schedules(most integer, lease interval) RETURNS SETOF schedules LANGUAGE sql
SET enable_seqscan = off AS
$$
  UPDATE schedules s SET claimed_until = clock_timestamp() + lease, attempts = s.attempts + 1
  FROM (
    SELECT c.id FROM schedules c
    WHERE c.id IN (
        SELECT head.id FROM (
          SELECT DISTINCT ON (d.user_id, d.kind) d.id, d.claimed_until FROM (
            SELECT o.* FROM schedules o
            WHERE o.state IN ('waiting', 'active') AND o.due_at <= statement_timestamp()
            ORDER BY o.due_at, o.id LIMIT 2000
          ) d ORDER BY d.user_id, d.kind, d.due_at, d.id
        ) head WHERE head.claimed_until <= statement_timestamp())
      AND c.state IN ('waiting', 'active') AND c.due_at <= statement_timestamp() AND c.claimed_until <= statement_timestamp()
    ORDER BY c.due_at, c.id LIMIT most FOR UPDATE SKIP LOCKED
  ) due
  WHERE s.id = due.id
  RETURNING s.*
$$;

-- Moves a schedule on. False = the step was done before, or the schedule has ended.
CREATE FUNCTION pass_schedule_step(of_id text, step text, to_version bigint, made jsonb) RETURNS boolean LANGUAGE plpgsql
SET enable_seqscan = off AS
$$
BEGIN
  UPDATE schedules s
  SET state = CASE
        WHEN step LIKE 'refuse-%' THEN 'refused'
        WHEN step = 'start' AND s.ends_at IS NOT NULL THEN 'active'
        ELSE 'done' END,
      due_at = CASE WHEN step = 'start' THEN coalesce(s.ends_at, s.due_at) ELSE s.due_at END,
      version = CASE WHEN step = 'start' THEN to_version ELSE s.version END,
      changes = CASE WHEN step = 'start' THEN made ELSE s.changes END,
      attempts = 0,
      claimed_until = '-infinity',
      ended_at = CASE WHEN step = 'start' AND s.ends_at IS NOT NULL THEN NULL ELSE clock_timestamp() END
  WHERE s.id = of_id
    AND s.state = CASE WHEN step IN ('start', 'refuse-start') THEN 'waiting' ELSE 'active' END;
  RETURN FOUND;
END
$$;

CREATE FUNCTION mark_schedule_step() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE
  step text := split_part(NEW.reason, ':', 3);
BEGIN
  IF NOT pass_schedule_step(split_part(NEW.reason, ':', 2), step, NEW.version, NEW.changes) THEN
    RAISE EXCEPTION 'this step of the schedule was done before, or the schedule has ended' USING ERRCODE = 'SG001';
  END IF;
  NEW.reason := CASE WHEN step LIKE 'refuse-%' THEN 'schedule-refused' ELSE 'schedule' END;
  RETURN NEW;
END
$$;
CREATE TRIGGER schedule_step BEFORE INSERT ON document_history FOR EACH ROW
WHEN (starts_with(NEW.reason, 'schedule:'))
EXECUTE FUNCTION mark_schedule_step();

-- Schedules end with their user, in the transaction that deletes the user: one who is created again has none.
CREATE FUNCTION cancel_schedules_of_user() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS
$$
BEGIN
  UPDATE schedules s SET state = 'cancelled', claimed_until = '-infinity', ended_at = clock_timestamp()
  WHERE s.user_id = OLD.user_id AND s.state IN ('waiting', 'active');
  RETURN NULL;
END
$$;
CREATE TRIGGER schedules_end AFTER UPDATE ON documents FOR EACH ROW
WHEN (OLD.kind = 'settings' AND OLD.data IS NOT NULL AND NEW.data IS NULL)
EXECUTE FUNCTION cancel_schedules_of_user();

-- Schedules that ended `keep_days` ago.
CREATE FUNCTION prune_schedules(keep_days integer, most integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  removed bigint := 0;
BEGIN
  IF pg_try_advisory_xact_lock(7215, 3) THEN
    DELETE FROM schedules s USING (
      SELECT o.id FROM schedules o WHERE o.ended_at < clock_timestamp() - make_interval(days => keep_days)
      ORDER BY o.ended_at LIMIT most
    ) old WHERE s.id = old.id;
    GET DIAGNOSTICS removed = ROW_COUNT;
  END IF;
  RETURN removed;
END
$$;
