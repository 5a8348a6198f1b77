-- Since when a user exists, for the list of users: the moment at which the documents were created, or created anew.
ALTER TABLE documents ADD COLUMN created_at timestamptz NOT NULL DEFAULT clock_timestamp();

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
