import t from 'tap'
import { Instance } from '../../src/fleet/instance.ts'
import { VERSION } from '../../src/start-log.ts'
import { SYSTEM_CLOCK } from '../../src/system-clock.ts'
import { createDatabase, startPostgres, startRedis } from '../helper/backends.ts'
import {
  eventually,
  PRODUCTION_TIMES,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'

const url = '/api/admin/instances'
const SCALP = '/api/futures/ginie/modes/scalp'

interface Listed {
  readonly source: string
  readonly instances: readonly {
    readonly id: string
    readonly pid: number
    readonly port: number | null
    readonly state: string
    readonly self: boolean
    readonly alive: boolean
    readonly lease_held: boolean
    readonly seen_ms_ago: number | null
    readonly reads: Readonly<Record<string, number>>
  }[]
}

const ask = async ({ app }: TestGateway): Promise<Listed> =>
  (await app.inject({ url, headers: ADMIN })).json()
const portOf = (gateway: { readonly url: string }) => Number(new URL(gateway.url).port)
const listed = async (asked: TestGateway, port: number) =>
  (await ask(asked)).instances.find(each => each.port === port)

t.test('two instances of one database', async t => {
  const { gateway, redis } = await startStack(t)
  const stores = { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url }
  // So that no other instance clears away.
  await gateway.services.retention.round()
  const other = await startGateway(t, stores)

  await t.test('the list is for admins', async t => {
    t.equal((await gateway.app.inject({ url })).statusCode, 401)
    t.equal((await gateway.app.inject({ url, headers: bearer('42') })).statusCode, 403)
  })

  await t.test('each tells of itself, and each lists both, the newest first', async t => {
    await eventually('it answers from the cache', () => other.services.status.ready)
    await eventually('a read is a hit', async () => {
      const { headers } = await gateway.as('42', { url: SCALP })
      return headers['cache-status'] === 'settings-gateway; hit'
    })
    for (const each of [gateway, other]) await each.services.fleet.beat()
    for (const [asked, self] of [
      [gateway, portOf(gateway)],
      [other, portOf(other)],
    ] as const) {
      const { source, instances } = await ask(asked)
      t.equal(source, 'database')
      t.strictSame(
        instances.map(({ port }) => port),
        [portOf(other), portOf(gateway)],
      )
      t.strictSame(
        instances.filter(each => each.self).map(({ port }) => port),
        [self],
      )
      for (const each of instances) {
        t.match(each, {
          id: /^[0-9a-f]{16}$/,
          pid: process.pid,
          version: VERSION,
          state: 'ready',
          started_at: /Z$/,
          seen_at: /Z$/,
          seen_ms_ago: Number,
          breaker: 'closed',
          memory_bytes: Number,
        })
        t.ok(each.seen_ms_ago! >= 0)
      }
      const { reads } = instances[1]!
      t.ok(reads.hits! >= 1, JSON.stringify(reads))
    }
    // A busy machine may be late with either.
    await eventually('both count as alive and hold a lease', async () => {
      const { instances } = await ask(gateway)
      return instances.every(each => each.alive && each.lease_held)
    })
    t.notMatch(
      JSON.stringify((await gateway.services.pool.query('SELECT * FROM instances')).rows),
      /:\/\/|secret|token|password/i,
      'no address of a store, no secret',
    )
  })

  await t.test('one that shuts down leaves at once', async t => {
    await other.close()
    t.equal(await listed(gateway, portOf(other)), undefined)
    t.ok(await listed(gateway, portOf(gateway)), 'the one that runs stays')
  })

  await t.test('one that is killed is no longer alive after a while, and goes later', async t => {
    const killed = await startInstance(t, stores)
    await eventually('it is listed', async () => (await listed(gateway, killed.port)) !== undefined)
    process.kill(killed.pid, 'SIGKILL')
    const { pool, retention } = gateway.services
    const pass = (interval: string) =>
      pool.query(`UPDATE instances SET seen_at = seen_at - $2::interval WHERE pid = $1`, [
        killed.pid,
        interval,
      ])
    // A beat that was under way may still be stored.
    await eventually('it is not seen', async () => {
      await pass('1 minute')
      return (await listed(gateway, killed.port))?.alive === false
    })
    await retention.round()
    t.ok(await listed(gateway, killed.port), 'operators see that it is missing')
    await pass('15 minutes')
    await retention.round()
    t.equal(await listed(gateway, killed.port), undefined)
    t.ok(await listed(gateway, portOf(gateway)), 'the one that runs stays')
  })

  await t.test('a clock of PostgreSQL that was set back keeps no row', async t => {
    const { pool, retention } = gateway.services
    await copies(pool, 1, `interval '-1 hour'`)
    t.equal((await ask(gateway)).instances.find(({ id }) => id === 'copy 1')?.alive, false)
    await retention.round()
    t.equal(
      (await ask(gateway)).instances.find(({ id }) => id === 'copy 1'),
      undefined,
    )
  })

  await t.test('instances that crash as they start do not fill the table', async t => {
    const { pool, fleet } = gateway.services
    await copies(pool, 300, `interval '1 minute'`)
    await fleet.beat()
    const { rows } = await pool.query('SELECT count(*)::int AS count FROM instances')
    t.equal(rows[0].count, 200)
    t.ok(await listed(gateway, portOf(gateway)))
  })
})

/** As many rows of instances that ended without a word, so long ago. */
async function copies(pool: TestGateway['services']['pool'], count: number, ago: string): Promise<void> {
  await pool.query(
    `INSERT INTO instances SELECT (jsonb_populate_record(one.i, jsonb_build_object(
       'id', 'copy ' || n, 'pid', 0, 'port', 1, 'seen_at', clock_timestamp() - ${ago}))).*
     FROM (SELECT i FROM instances i LIMIT 1) one, generate_series(1, ${count}) n`,
  )
}

t.test('what an instance does', async t => {
  let [ready, draining] = [false, false]
  const instance = new Instance({
    version: VERSION,
    clock: SYSTEM_CLOCK,
    server: {
      port: () => null,
      draining: () => draining,
      reads: () => ({ hit: 5, miss: 1, 'miss-stored': 2, degraded: 3, unverified: 4 }),
    },
    vitals: { read: () => ({ memoryBytes: null, eventLoopDelayMs: null }), next: () => {}, stop: () => {} },
    view: () => ({ view: undefined, databaseReached: false, leaseHeld: false, anotherOwner: undefined }),
    breaker: () => 'open',
    ready: () => ready,
  })
  t.match(instance.report(), {
    state: 'starting',
    epoch: 0,
    reads: { hits: 5, misses: 3, bypasses: 3, unverified: 4 },
  })
  ready = true
  t.equal(instance.report().state, 'ready')
  draining = true
  t.equal(instance.report().state, 'draining')
})

t.test('without Redis', async t => {
  const gateway = await startGateway(t, { DATABASE_URL: await createDatabase(t) })
  await gateway.services.fleet.beat()
  t.match((await ask(gateway)).instances, [{ breaker: null, lease_held: false }])
})

t.test('while PostgreSQL is away nothing fails, and an instance tells of itself alone', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const lines: string[] = []
  const gateway = await startGateway(
    t,
    { ...PRODUCTION_TIMES, DATABASE_URL: postgres.url, REDIS_URL: redis.url, LOG_LEVEL: 'warn' },
    { logStream: { write: line => lines.push(line) } },
  )
  const { fleet } = gateway.services
  await eventually('it is listed', async () => (await listed(gateway, portOf(gateway))) !== undefined)
  await postgres.kill()
  await fleet.beat()
  await eventually('it tells of itself', async () => (await ask(gateway)).source === 'self')
  const { instances } = await ask(gateway)
  t.match(instances, [
    { self: true, alive: true, port: portOf(gateway), seen_at: null, seen_ms_ago: null, version: VERSION },
  ])
  await fleet.beat()
  t.notMatch(lines.join(''), /heartbeat/, 'the outage has a line of its own already')
  await postgres.restart()
  await eventually('it is seen again', async () => {
    const own = await listed(gateway, portOf(gateway))
    return own?.alive === true && own.seen_ms_ago !== null
  })
  await postgres.kill()
  await gateway.close()
  t.notMatch(lines.join(''), /heartbeat/)
})
