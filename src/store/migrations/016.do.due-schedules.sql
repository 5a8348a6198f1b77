-- The claim of 009, at a thirtieth of its time when a thousand steps are due at once.

-- Gives the caller due steps for `lease`, the earliest first, and of each document only the first that is open: so they
-- are done in order, whichever instances do them. A step whose instance died is due again after its lease. Looks at the
-- 2,000 earliest: what comes before a step of the same document is among them if the step is. Candidates for four callers,
-- because what another one claims at the same moment is skipped. Each array is computed once; a join would be planned as if
-- two rows were due, and looked at anew for each row. Here and below, a plan that was made while the table was small must
-- not read all of it when it has grown.
CREATE OR REPLACE FUNCTION claim_due_schedules(most integer, lease interval) RETURNS SETOF schedules LANGUAGE sql
SET enable_seqscan = off AS
$$
  UPDATE schedules s SET claimed_until = clock_timestamp() + lease, attempts = s.attempts + 1
  WHERE s.id = ANY (ARRAY(
    SELECT c.id FROM schedules c
    WHERE c.id = ANY (ARRAY(
        SELECT head.id FROM (
          SELECT DISTINCT ON (d.user_id, d.kind) d.id, d.due_at, d.claimed_until FROM (
            SELECT o.id, o.user_id COLLATE "C" AS user_id, o.kind COLLATE "C" AS kind, o.due_at, o.claimed_until
            FROM schedules o
            WHERE o.state IN ('waiting', 'active') AND o.due_at <= statement_timestamp()
            ORDER BY o.due_at, o.id LIMIT 2000
          ) d ORDER BY d.user_id, d.kind, d.due_at, d.id
        ) head WHERE head.claimed_until <= statement_timestamp() ORDER BY head.due_at, head.id LIMIT most * 4))
      AND c.state IN ('waiting', 'active') AND c.due_at <= statement_timestamp() AND c.claimed_until <= statement_timestamp()
    ORDER BY c.due_at, c.id LIMIT most FOR UPDATE SKIP LOCKED))
  RETURNING s.*
$$;
