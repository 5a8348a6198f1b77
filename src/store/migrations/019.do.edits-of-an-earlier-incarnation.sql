-- An edit by hand that is open while a new incarnation begins has noted the one before. Who asks for the changes of the present
-- incarnation (a gate, reads without Redis) would not be told of it, so it is refused at COMMIT and has to run again.
CREATE OR REPLACE FUNCTION turn_view_off_by_hand() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM lock_view_exclusive();
  -- A snapshot that is older than the new incarnation does not see it; locking the row does (40001).
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM FROM database_incarnation FOR SHARE;
  END IF;
  IF NEW.incarnation <> current_incarnation() THEN
    RAISE EXCEPTION 'a new incarnation of the database has begun since this edit'
      USING ERRCODE = 'serialization_failure', HINT = 'Run the transaction again.';
  END IF;
  PERFORM FROM cache_view WHERE id IN (0, 1 + user_partition(NEW.user_id)) ORDER BY id FOR UPDATE;
  UPDATE cache_view
  SET mode = 'OFF', epoch = epoch + 1, drained = false, reason = 'manual-edit', changed_at = clock_timestamp()
  WHERE id IN (0, 1 + user_partition(NEW.user_id)) AND mode = 'ON';
  RETURN NULL;
END
$$;
