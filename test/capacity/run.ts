import { Redis } from 'ioredis'
import pg from 'pg'
import { request } from 'undici'
import { commandLine } from '../../src/commands/command-line.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { SERVICE } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'
import { withScope } from '../load/scope.ts'
import { type Bytes, capacityTables, type Measured } from './tables.ts'

/**
 * `npm run capacity`: what users, writes, order numbers and Idempotency-Keys take in PostgreSQL and Redis, measured on
 * servers of its own, as Markdown (docs/capacity.md).
 */

const { values } = commandLine({
  command: 'npm run capacity --',
  summary:
    'Bytes in PostgreSQL and Redis per user, per write and per day, on servers of its own, as Markdown.',
  options: {
    users: { type: 'string', value: 'N', default: '300', minimum: 10, help: 'Users that are made.' },
    writes: { type: 'string', value: 'N', default: '20', minimum: 1, help: 'Writes of each user.' },
  },
})
const users = Array.from({ length: Number(values.users) }, (_, index) => `user-${index}`)
const writes = Number(values.writes)
/** At once. */
const CONNECTIONS = 8

await withScope(async scope => {
  const [databaseUrl, redis] = await Promise.all([createDatabase(scope), startRedis(scope)])
  const { url } = await startInstance(scope, {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    RATE_LIMIT_MAX: '0',
    MAX_EVENT_LOOP_DELAY_MS: '0',
  })
  const database = new pg.Client(databaseUrl)
  await database.connect()
  const client = new Redis(redis.url)
  scope.teardown(() => client.disconnect())
  scope.teardown(() => database.end())

  /** Bytes that `work` leaves behind, divided by `count`. */
  const measure = async (count: number, work: (user: string) => Promise<void>): Promise<Bytes> => {
    const before = await sizes()
    const waiting = [...users]
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let user = waiting.shift(); user !== undefined; user = waiting.shift()) await work(user)
      }),
    )
    const after = await sizes()
    return {
      postgres: (after.postgres - before.postgres) / count,
      redis: (after.redis - before.redis) / count,
    }
  }
  const sizes = async (): Promise<Bytes> => {
    await database.query('VACUUM')
    const { rows } = await database.query(`SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
      WHERE relname IN ('documents', 'document_history', 'sequences', 'sequence_replies')`)
    const memory = await client.info('memory')
    return { postgres: Number(rows[0].bytes), redis: Number(/used_memory_dataset:(\d+)/.exec(memory)![1]) }
  }
  const call = async (
    user: string,
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    body?: object,
    headers = {},
  ) => {
    const { statusCode, body: answer } = await request(`${url}${path}`, {
      method,
      headers: { ...SERVICE, 'x-user-id': user, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    await answer.dump()
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode}`)
  }
  const measured: Measured = {
    user: await measure(users.length, user => call(user, 'GET', '/api/futures/ginie/decision-settings')),
    write: await measure(users.length * writes, async user => {
      for (let write = 0; write < writes; write++)
        await call(user, 'PUT', '/api/futures/ginie/modes/scalp', {
          confidence: { min_confidence: 30 + write },
        })
    }),
    day: await measure(users.length, user => call(user, 'POST', '/api/user/sequence')),
    key: await measure(users.length, user =>
      call(user, 'POST', '/api/user/sequence', {}, { 'idempotency-key': `order of ${user}` }),
    ),
  }
  process.stdout.write(capacityTables(measured))
})
