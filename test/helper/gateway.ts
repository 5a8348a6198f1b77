import type { Redis } from 'ioredis'
import type { AppOverrides } from '../../src/app.ts'
import type { Environment } from '../../src/config.ts'
import { type RunningServer, startServer } from '../../src/server.ts'
import { createDatabase, type Scope, startRedis, type TestRedis } from './backends.ts'
import { ask, type TestReply, type TestRequest } from './request.ts'

export const JWT_SECRET = 'test-secret-test-secret-test-secret-0123'
export const SERVICE_TOKEN = 'test-service-token-0123456789abcdefghij'
export const SERVICE = { authorization: `Bearer ${SERVICE_TOKEN}` }

/**
 * The times of gateways in tests, unless a test says otherwise: a busy machine must not look like a Redis, a PostgreSQL
 * or a lease that is away. What turns the view OFF takes half a minute with them.
 */
export const PATIENT: Environment = {
  DATABASE_CONNECT_TIMEOUT_MS: '30000',
  STATEMENT_TIMEOUT_MS: '30000',
  IDLE_IN_TRANSACTION_TIMEOUT_MS: '25000',
  REDIS_CONNECT_TIMEOUT_MS: '30000',
  REDIS_READ_TIMEOUT_MS: '10000',
  FENCE_TIMEOUT_MS: '5000',
  LEASE_MS: '30000',
  OFF_WAIT_MS: '35000',
  SHUTDOWN_TIMEOUT_MS: '80000',
}

/** For tests that turn the view OFF and hurt no server. They cannot demand hits. */
export const SHORT_LEASE: Environment = {
  REDIS_READ_TIMEOUT_MS: '1500',
  // Two renewals in a row that take longer are an outage of PostgreSQL, and 503 for writes.
  LEASE_MS: '2000',
  OFF_WAIT_MS: '2300',
}

/** For tests that hurt Redis: its times are those of production, and PostgreSQL may be slow. */
export const REDIS_OUTAGE: Environment = {
  ...SHORT_LEASE,
  REDIS_CONNECT_TIMEOUT_MS: undefined,
  REDIS_READ_TIMEOUT_MS: undefined,
  FENCE_TIMEOUT_MS: undefined,
}

/** For tests of edits by hand: leases of before the edit run on for a while. */
export const LONG_LEASE: Environment = {
  ...REDIS_OUTAGE,
  LEASE_MS: '4000',
  LEASE_RENEW_MS: '1000',
  OFF_WAIT_MS: '4500',
}

/** For tests that hurt PostgreSQL. Any request may meet an outage that is none, on a busy machine. */
export const PRODUCTION_TIMES: Environment = Object.fromEntries(
  Object.keys(PATIENT).map(name => [name, undefined]),
)

export interface TestGateway extends RunningServer {
  readonly databaseUrl: string
  /** A request of the service on behalf of `userId`, over a socket. */
  as(userId: string, options: TestRequest): Promise<TestReply>
}

/** The whole gateway on a free port, over real stores; closed after the test. */
export async function startGateway(
  t: Scope,
  env: Environment,
  overrides: AppOverrides = {},
): Promise<TestGateway> {
  const server = await startServer(
    // Tests share a busy machine: its pauses are no overload of the gateway.
    {
      ...PATIENT,
      PORT: '0',
      MAX_EVENT_LOOP_DELAY_MS: '0',
      LOG_LEVEL: 'silent',
      JWT_SECRET,
      SERVICE_TOKENS: `bot=${SERVICE_TOKEN}`,
      ...env,
    },
    overrides,
  )
  t.teardown(() => server.close())
  return { ...server, databaseUrl: env.DATABASE_URL ?? '', as: requester(server.url) }
}

/** A gateway with a database and a Redis of its own. */
export async function startStack(
  t: Scope,
  env: Environment = {},
  overrides: AppOverrides = {},
): Promise<{ gateway: TestGateway; redis: TestRedis }> {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const gateway = await startGateway(t, { DATABASE_URL: url, REDIS_URL: redis.url, ...env }, overrides)
  // A busy machine may be late with the first connection.
  await eventually('it is ready', () => gateway.services.status.ready)
  return { gateway, redis }
}

/** The client that the gateway reads with, to look at what Redis holds. */
export function redisOf({ services }: Pick<RunningServer, 'services'>): Redis {
  return services.redis!.reads.connections[0]!.client
}

function requester(url: string): TestGateway['as'] {
  return (userId, options) =>
    ask(url, { ...options, headers: { ...SERVICE, 'x-user-id': userId, ...options.headers } })
}

/** Nothing takes so long but on a machine that is busy with other work. */
const PATIENCE_MS = 120_000

/** Tries until `holds` is true; rejects after two minutes. For what happens by itself, such as a recovery. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const patience = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    if (performance.now() > patience) throw new Error(`never happened: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
