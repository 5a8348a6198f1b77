-- What instances without Redis ask of those that have it, and the replies. Unlogged: a request lives for less than a
-- second, and after a crash of the server nobody waits for it.
CREATE UNLOGGED TABLE handovers (
  id text PRIMARY KEY,
  epoch bigint NOT NULL,
  kind text NOT NULL,
  request jsonb NOT NULL,
  taken boolean NOT NULL DEFAULT false,
  reply jsonb,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX handovers_waiting ON handovers (epoch) WHERE NOT taken;
