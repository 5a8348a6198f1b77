-- What is kept for how long (docs/operate.md). Each function removes a few rows and returns; one instance calls
-- them. Two that do at the same moment exclude one another by a lock of the transaction, which a pooler cannot lose.

-- The highest version of a document that went: a rollback to it is told so, instead of that it never was.
CREATE TABLE history_pruned (
  user_id text NOT NULL,
  kind text NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (user_id, kind)
);

-- Who clears away, and up to which document it has come.
CREATE TABLE retention (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  holder text NOT NULL DEFAULT '',
  seen_at timestamptz NOT NULL DEFAULT '-infinity',
  user_id text NOT NULL DEFAULT '',
  kind text NOT NULL DEFAULT ''
);
INSERT INTO retention DEFAULT VALUES;

-- True when `me` is the one, or takes the place of one that was not seen for `absent`. A clock that was set back makes
-- no holder eternal.
CREATE FUNCTION claim_retention(me text, absent interval) RETURNS boolean LANGUAGE sql AS
$$
  UPDATE retention SET holder = me, seen_at = clock_timestamp()
  WHERE holder = me OR seen_at NOT BETWEEN clock_timestamp() - absent AND clock_timestamp() + absent
  RETURNING true
$$;

-- Old versions of the next `documents` documents, at most `most` of them: those that are older than `keep_days` and not
-- among the `keep_versions` newest. `wrapped`: the last document was reached, the next call begins with the first.
CREATE FUNCTION prune_history(keep_versions integer, keep_days integer, documents integer, most integer)
RETURNS TABLE (removed bigint, wrapped boolean) LANGUAGE plpgsql AS
$$
DECLARE
  last_user text;
  last_kind text;
BEGIN
  removed := 0;
  wrapped := false;
  IF NOT pg_try_advisory_xact_lock(7215, 3) THEN
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT d.user_id, d.kind INTO last_user, last_kind FROM (
    SELECT n.user_id, n.kind FROM documents n, retention r
    WHERE (n.user_id, n.kind) > (r.user_id, r.kind) ORDER BY n.user_id, n.kind LIMIT prune_history.documents
  ) d ORDER BY d.user_id DESC, d.kind DESC LIMIT 1;
  WITH next AS (
    SELECT n.user_id, n.kind FROM documents n, retention r
    WHERE (n.user_id, n.kind) > (r.user_id, r.kind) AND (n.user_id, n.kind) <= (last_user, last_kind)
  ), doomed AS (
    SELECT h.user_id, h.kind, h.version FROM next n
    CROSS JOIN LATERAL (
      SELECT v.version FROM document_history v WHERE v.user_id = n.user_id AND v.kind = n.kind
      ORDER BY v.version DESC OFFSET keep_versions LIMIT 1
    ) edge
    JOIN document_history h ON h.user_id = n.user_id AND h.kind = n.kind AND h.version <= edge.version
    WHERE h.updated_at < clock_timestamp() - make_interval(days => keep_days)
    ORDER BY h.user_id, h.kind, h.version LIMIT most
  ), gone AS (
    DELETE FROM document_history h USING doomed d
    WHERE h.user_id = d.user_id AND h.kind = d.kind AND h.version = d.version
    RETURNING h.user_id, h.kind, h.version
  ), noted AS (
    INSERT INTO history_pruned AS p (user_id, kind, version)
    SELECT g.user_id, g.kind, max(g.version) FROM gone g GROUP BY g.user_id, g.kind
    ON CONFLICT (user_id, kind) DO UPDATE SET version = greatest(p.version, excluded.version)
  )
  SELECT count(*) INTO removed FROM gone;
  -- More of the same documents may be left: they are looked at again.
  IF removed < most THEN
    wrapped := last_user IS NULL;
    UPDATE retention SET user_id = coalesce(last_user, ''), kind = coalesce(last_kind, '');
  END IF;
  RETURN NEXT;
END
$$;

-- Order numbers of days that are over for three days everywhere: no user draws there any more.
CREATE FUNCTION prune_sequences(most integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  removed bigint := 0;
  oldest text := to_char(clock_timestamp() AT TIME ZONE 'UTC' - interval '4 days', 'YYYYMMDD');
BEGIN
  IF pg_try_advisory_xact_lock(7215, 3) THEN
    DELETE FROM sequence_floors WHERE day < oldest;
    DELETE FROM sequences s USING (
      SELECT o.user_id, o.day FROM sequences o WHERE o.day < oldest ORDER BY o.day LIMIT most
    ) old WHERE s.user_id = old.user_id AND s.day = old.day;
    GET DIAGNOSTICS removed = ROW_COUNT;
  END IF;
  RETURN removed;
END
$$;

-- Answers to Idempotency-Keys that are no longer remembered, and handovers whose asker died.
CREATE FUNCTION prune_replies(most integer) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
  removed bigint := 0;
BEGIN
  IF pg_try_advisory_xact_lock(7215, 3) THEN
    DELETE FROM handovers WHERE asked_at < clock_timestamp() - interval '1 minute';
    DELETE FROM sequence_replies r USING (
      SELECT o.user_id, o.idempotency_key FROM sequence_replies o
      WHERE o.created_at <= clock_timestamp() - interval '10 minutes' ORDER BY o.created_at LIMIT most
    ) old WHERE r.user_id = old.user_id AND r.idempotency_key = old.idempotency_key;
    GET DIAGNOSTICS removed = ROW_COUNT;
  END IF;
  RETURN removed;
END
$$;
