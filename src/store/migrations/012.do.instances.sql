-- The gateways that run on this database, each with a row that it renews every few seconds (docs/operate.md): for
-- operators only, nothing is decided by it. Times are of this server's clock.
CREATE TABLE instances (
  -- Random, for each start.
  id text PRIMARY KEY,
  host text NOT NULL,
  pid integer NOT NULL,
  version text NOT NULL,
  started_at timestamptz NOT NULL,
  port integer,
  state text NOT NULL,
  lease_held boolean NOT NULL,
  epoch bigint NOT NULL,
  breaker text,
  -- Reads of settings since the start.
  hits bigint NOT NULL,
  misses bigint NOT NULL,
  bypasses bigint NOT NULL,
  unverified bigint NOT NULL,
  memory_bytes bigint,
  event_loop_delay_ms double precision,
  seen_at timestamptz NOT NULL
);
