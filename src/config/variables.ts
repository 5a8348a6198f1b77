import { type Static, type TSchema, Type } from '@sinclair/typebox'

const text = (description: string, options: object = {}) =>
  Type.Optional(Type.String({ description, ...options }))
const flag = (description: string, byDefault: boolean) => Type.Boolean({ description, default: byDefault })
const count = (description: string, byDefault: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: byDefault, minimum, maximum })
const choice = <const T extends readonly string[]>(description: string, values: T, byDefault: T[number]) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, description, default: byDefault })

const MINUTE_MS = 60_000
const MIB = 1024 * 1024

/** Every variable the gateway reads, in the order of `.env.example`. Times are milliseconds. */
export const VARIABLES = {
  NODE_ENV: text('`production` refuses missing, weak and development secrets.'),
  HOST: Type.String({
    description: 'Address to listen on; 0.0.0.0 inside a container.',
    default: '127.0.0.1',
  }),
  PORT: count('Port to listen on; 0 takes a free one.', 8080, 0, 65_535),
  LOG_LEVEL: choice(
    'Least severe log lines to write.',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
  ),

  DATABASE_URL: text('PostgreSQL 15 to 18: postgres://user:password@host:5432/name.'),
  DATABASE_PASSWORD: text('Password of PostgreSQL, when DATABASE_URL holds none.'),
  DATABASE_POOL_SIZE: count(
    'Connections to PostgreSQL per process, besides the one of the lease renewals.',
    10,
    2,
    200,
  ),
  DATABASE_CONNECT_TIMEOUT_MS: count(
    'Longest wait for a new connection to PostgreSQL.',
    3_000,
    50,
    MINUTE_MS,
  ),
  STATEMENT_TIMEOUT_MS: count('Longest statement, waits for locks included.', 2_000, 100, MINUTE_MS),
  IDLE_IN_TRANSACTION_TIMEOUT_MS: count(
    'PostgreSQL ends a transaction whose client is silent for this long; less than STATEMENT_TIMEOUT_MS.',
    1_500,
    100,
    MINUTE_MS,
  ),
  ON_DATABASE_OUTAGE: choice(
    'While PostgreSQL is unreachable: `serve` cached documents, marked unverified, or `refuse` with 503.',
    ['serve', 'refuse'],
    'serve',
  ),

  REDIS_URL: text(
    'redis://[user:password@]host:6379/0, rediss:// for TLS. Or the four variables below, or Sentinel, or REDIS_CLUSTER_NODES. When it leads to a node of a Redis Cluster, the others are found.',
  ),
  REDIS_HOST: text('Redis server, when REDIS_URL is not set.'),
  REDIS_PORT: Type.Optional(
    Type.Integer({ description: 'Port of REDIS_HOST; 6379 if not set.', minimum: 1, maximum: 65_535 }),
  ),
  REDIS_PASSWORD: text('Password of Redis, also behind Sentinel and of all nodes of a cluster.'),
  REDIS_DB: Type.Optional(
    Type.Integer({ description: 'Number of the Redis database; 0 if not set.', minimum: 0, maximum: 65_535 }),
  ),
  REDIS_SENTINELS: text(
    'Sentinels as host:port,host:port; together with REDIS_SENTINEL_NAME, without REDIS_URL and REDIS_HOST.',
  ),
  REDIS_SENTINEL_NAME: text('Name of the primary that the Sentinels watch.'),
  REDIS_CLUSTER_NODES: text(
    'Some nodes of a Redis Cluster as host:port,host:port, in the place of REDIS_URL; the others are found. rediss://user:password@host:port before the others for TLS and a user.',
  ),
  REDIS_KEY_PREFIX: text(
    'Put before every key of the gateway, such as bot1: (64 printable ASCII characters without space, braces and * ? [ ] \\); gateways of different databases on one Redis need different ones.',
  ),
  REDIS_POOL_SIZE: count('Connections to Redis that serve reads.', 1, 1, 32),
  REDIS_CONNECT_TIMEOUT_MS: count('Longest wait for a connection to Redis.', 1_000, 50, MINUTE_MS),
  REDIS_READ_TIMEOUT_MS: count(
    'Longest wait of a read for Redis before the database is asked; less than LEASE_MS.',
    75,
    5,
    10_000,
  ),
  REDIS_BREAKER_FAILURES: count('Failures in a row that open the circuit breaker.', 3, 1, 100),
  REDIS_PROBE_MS: count('Pause between the PINGs that find out whether Redis is back.', 500, 20, MINUTE_MS),
  NEAR_CACHE_BYTES: count(
    'Bytes of documents kept in the process and checked on each read against Redis, or against PostgreSQL while Redis is away; 0 turns it off.',
    64 * MIB,
    0,
    64 * 1024 * MIB,
  ),

  LEASE_MS: count('How long one confirmation lets an instance answer from Redis.', 1_000, 100, MINUTE_MS),
  LEASE_RENEW_MS: count('Pause between confirmations; at most a quarter of LEASE_MS.', 250, 10, MINUTE_MS),
  OFF_WAIT_MS: count(
    'Wait after the cache was turned off until no lease can be alive; LEASE_MS and a margin.',
    1_300,
    100,
    10 * MINUTE_MS,
  ),
  FENCE_TIMEOUT_MS: count(
    'Longest wait of a write for its fence in Redis, for each of two tries.',
    150,
    5,
    10_000,
  ),

  JWT_SECRET: text('Key of HS256 tokens, at least 32 bytes. `openssl rand -base64 48` makes one.'),
  JWKS_URL: text('Where the keys of RS256 and ES256 tokens are published; https.'),
  JWT_ISSUER: text('`iss` that tokens must carry; any if not set.'),
  JWT_ADMIN_CLAIM: text(
    'Claim that makes the bearer of a token an admin when it is `true`, such as is_admin; `role: admin` always does.',
  ),
  SERVICE_TOKENS: text('Tokens of services as name=token,name=token, at least 32 characters each.'),
  SERVICE_SCOPES: text(
    'What services may do, as bot=read+sequence+exchange,ui=read+write,ops=admin; a service that is not named here may do all but admin.',
  ),

  DEFAULT_SETTINGS_FILE: text('Defaults in the format of the bot; the built-in file if not set.'),
  HISTORY_KEEP_VERSIONS: count(
    'Versions of a document that are kept however old they are; the newest always is.',
    100,
    1,
    1_000_000,
  ),
  HISTORY_KEEP_DAYS: count(
    'Days for which a version is kept however many there are: one goes when it is beyond both.',
    365,
    0,
    36_500,
  ),
  SEQUENCE_WARN_ABOVE: count(
    'Order numbers above it carry a warning, are logged and counted: order ids of the bot hold five digits.',
    99_999,
    1,
    Number.MAX_SAFE_INTEGER,
  ),
  AUTO_PROVISION: flag('Create unknown users from the defaults on first access; else 404.', true),
  USER_DOCUMENTS_BYTES: count(
    'Largest size of all documents of one user together, bytes of their JSON; a write beyond it is 413. One answer may hold them all.',
    6 * MIB,
    64 * 1_024,
    256 * MIB,
  ),
  BINANCE_CACHE_TTL_MS: count(
    'How long positions and orders of the exchange are kept.',
    5_000,
    100,
    10 * MINUTE_MS,
  ),

  CORS_ORIGINS: text(
    'Web origins that may call the gateway: https://ui.example.com,https://... or *; none if not set.',
  ),
  RATE_LIMIT_MAX: count(
    'Requests of one caller per minute; 0 = no limit, of writes neither.',
    300_000,
    0,
    100_000_000,
  ),
  RATE_LIMIT_WRITE_MAX: count(
    'Of these, requests that may write; 0 = no limit of their own.',
    30_000,
    0,
    100_000_000,
  ),
  AUTH_FAILURES_MAX: count(
    'Wrong tokens of one remote address (IPv6: /64) per minute, beyond which it gets 429; callers known already are let in. 0 = no limit.',
    1_000,
    0,
    100_000_000,
  ),
  TRUST_PROXY: text(
    'Proxies whose X-Forwarded-For names the remote address: 10.0.0.1,10.1.0.0/16,loopback; none if not set.',
  ),
  EVENT_LISTENERS_MAX: count(
    'Event streams that one process keeps open; about 30 KB of memory and one file descriptor each.',
    20_000,
    0,
    1_000_000,
  ),
  CONNECTIONS_MAX: count(
    'Connections of callers at once; 0 = as many as the limit of open files (`ulimit -n`) leaves room for, which is never exceeded.',
    0,
    0,
    1_000_000,
  ),
  BODY_LIMIT_BYTES: count('Largest request body.', 4 * MIB, 64 * 1_024, 256 * MIB),
  BODIES_IN_FLIGHT_BYTES: count(
    'Request bodies read and worked on at once, an eighth of it for one caller; beyond: 503, the caller 429. Each takes about five times its bytes of memory.',
    64 * MIB,
    MIB,
    16 * 1024 * MIB,
  ),
  ANSWERS_IN_FLIGHT_BYTES: count(
    'Large answers that callers have not taken yet, an eighth of it for one caller; beyond: 503, the caller 429.',
    64 * MIB,
    MIB,
    16 * 1024 * MIB,
  ),
  KEEP_ALIVE_TIMEOUT_MS: count(
    'How long an idle connection stays open; longer than clients and proxies keep theirs.',
    95_000,
    1_000,
    60 * MINUTE_MS,
  ),
  REQUEST_TIMEOUT_MS: count('Longest time for a request to arrive whole.', 30_000, 1_000, 10 * MINUTE_MS),
  MAX_EVENT_LOOP_DELAY_MS: count(
    'Delay of the event loop beyond which requests get 503; 0 = never.',
    1_000,
    0,
    MINUTE_MS,
  ),
  WEBHOOK_URL: text(
    'http or https address that is told of changes and outages (docs/webhooks.md); a secret, because such addresses often hold one.',
  ),
  WEBHOOK_SECRET: text(
    'Key that signs what WEBHOOK_URL is told, at least 32 characters: whsec_ and Base64, or any text.',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: text(
    'OTLP/HTTP collector that gets a trace of each request and of what it asks of the stores, such as http://collector:4318; no traces if not set.',
  ),
  SHUTDOWN_TIMEOUT_MS: count('Time from SIGTERM until the process has ended.', 10_000, 1_000, 10 * MINUTE_MS),
  SHUTDOWN_DELAY_MS: count(
    'After SIGTERM, time for load balancers to see /health/ready fail while requests are still taken.',
    0,
    0,
    5 * MINUTE_MS,
  ),
} satisfies Record<string, TSchema>

export const VariablesSchema = Type.Object(VARIABLES)

export type VariableName = keyof typeof VARIABLES

/** The variables with their types and defaults; what is optional may be undefined. */
export type Variables = Static<typeof VariablesSchema>

/** Their values appear in no message. */
export const SECRET_VARIABLES: ReadonlySet<VariableName> = new Set<VariableName>([
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'REDIS_URL',
  'REDIS_PASSWORD',
  'REDIS_CLUSTER_NODES',
  'JWT_SECRET',
  'SERVICE_TOKENS',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET',
])
