-- Who runs a leverage above 10: the field that operators look for most, and that all four modes have. Other fields are searched
-- user by user, in steps (src/transfer/transfer-service.ts). Each index more costs every new user a look into four documents.
CREATE INDEX documents_leverage ON documents (kind, (data #> '{size,leverage}')) WHERE kind LIKE 'mode.%';

-- At most `most` users whose leverage of a mode compares so with `wanted`, in no order. Without the index this reads every
-- document, and PostgreSQL would do so where it knows nothing of the values yet.
CREATE FUNCTION users_by_leverage(of_kind text, operator text, wanted jsonb, most integer) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS
$$
BEGIN
  IF operator NOT IN ('=', '<', '>', '<=', '>=') THEN
    RAISE EXCEPTION 'no operator of an index: %', operator;
  END IF;
  RETURN QUERY EXECUTE format(
    $sql$SELECT user_id FROM documents
         WHERE kind = %L AND kind LIKE 'mode.%%' AND (data #> '{size,leverage}') %s %L::jsonb LIMIT %s$sql$,
    of_kind, operator, wanted, most);
END
$$;
