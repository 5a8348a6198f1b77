-- What is told to WEBHOOK_URL, and by whom (docs/webhooks.md).

-- Up to which change of a document the receiver was told, and the instance that tells it: one at a time. No row = no
-- gateway had a WEBHOOK_URL yet.
CREATE TABLE webhook_cursor (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  -- The change that was told last: documents are told in the order of `documents_changed`.
  incarnation integer NOT NULL,
  changed_xid xid8 NOT NULL,
  user_id text NOT NULL,
  kind text NOT NULL,
  holder text NOT NULL DEFAULT '',
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  -- When a gateway with a WEBHOOK_URL was last seen.
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Ends of scheduled and of bulk changes that are to be told. Rows go when they were told.
CREATE TABLE webhook_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Gives the cursor to `me` for `lease`, unless another instance has it. The first call begins with the present: every
-- transaction below the horizon has ended, so that nothing that commits later is missed.
CREATE FUNCTION claim_webhooks(me text, lease interval) RETURNS SETOF webhook_cursor LANGUAGE plpgsql AS
$$
BEGIN
  INSERT INTO webhook_cursor (incarnation, changed_xid, user_id, kind)
  SELECT current_incarnation(), pg_snapshot_xmin(pg_current_snapshot()), '', ''
  WHERE NOT EXISTS (SELECT FROM webhook_cursor)
  ON CONFLICT DO NOTHING;
  -- A clock that was set back makes no claim eternal.
  RETURN QUERY
  UPDATE webhook_cursor c SET holder = me, claimed_until = clock_timestamp() + lease, seen_at = clock_timestamp()
  WHERE c.holder = me OR c.claimed_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + lease
  RETURNING c.*;
END
$$;

-- Notes what was told, and keeps the claim. False = another instance has it.
CREATE FUNCTION note_webhooks(
  me text, lease interval, to_incarnation integer, to_xid xid8, to_user text, to_kind text, told bigint[]
) RETURNS boolean LANGUAGE plpgsql AS
$$
BEGIN
  UPDATE webhook_cursor c
  SET incarnation = to_incarnation, changed_xid = to_xid, user_id = to_user, kind = to_kind,
      claimed_until = clock_timestamp() + lease, seen_at = clock_timestamp()
  WHERE c.holder = me;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM webhook_events e WHERE e.id = ANY (told);
  RETURN true;
END
$$;

-- Adds an event in the transaction of what it tells. Nothing is kept for a receiver that is configured no more: a day
-- is how long events are kept for one that is away.
CREATE FUNCTION add_webhook_event(of_type text, content jsonb) RETURNS void LANGUAGE sql AS
$$
  INSERT INTO webhook_events (type, data)
  SELECT of_type, content FROM webhook_cursor c WHERE c.seen_at > clock_timestamp() - interval '1 day'
$$;

CREATE FUNCTION tell_schedule_end() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM add_webhook_event(
    CASE NEW.state WHEN 'refused' THEN 'schedule.refused' ELSE 'schedule.ended' END,
    jsonb_build_object(
      'id', NEW.id, 'user_id', NEW.user_id, 'document', NEW.kind, 'state', NEW.state, 'version', NEW.version,
      'created_by', NEW.created_by, 'errors', NEW.faults::jsonb));
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_end AFTER UPDATE ON schedules FOR EACH ROW
WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
EXECUTE FUNCTION tell_schedule_end();

CREATE FUNCTION tell_bulk_end() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM add_webhook_event(
    'bulk.ended',
    jsonb_build_object(
      'id', NEW.id, 'document', NEW.kind, 'state', NEW.state, 'reason', NEW.reason, 'reverts', NEW.reverts,
      'total', NEW.total, 'failure', NEW.failure, 'created_by', NEW.created_by));
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_end AFTER UPDATE ON bulk_changes FOR EACH ROW
WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
EXECUTE FUNCTION tell_bulk_end();
