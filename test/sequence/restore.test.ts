import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startPrivatePostgres } from '../../src/dev/private-postgres.ts'
import { onServer, startRedis, temporaryDirectory } from '../helper/backends.ts'
import {
  eventually,
  PRODUCTION_TIMES,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'

const URL = '/api/user/sequence'
const draw = async (
  gateway: TestGateway,
  user: string,
  count: number,
): Promise<{ first: number; last: number }> => {
  const reply = await gateway.as(user, { method: 'POST', url: URL, payload: { count } })
  if (reply.statusCode !== 200) throw new Error(reply.body)
  return reply.json()
}
const lastOf = async (gateway: TestGateway, user: string) =>
  (await gateway.as(user, { url: URL })).json().sequence as number

/** What pg_dump keeps: the rows of every table. */
async function dump(url: string): Promise<ReadonlyMap<string, string>> {
  return onServer(url, async client => {
    const { rows: tables } = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
    const contents = new Map<string, string>()
    for (const { tablename } of tables) {
      const { rows } = await client.query(
        `SELECT coalesce(jsonb_agg(r), '[]')::text AS rows FROM ${tablename} r`,
      )
      contents.set(tablename, rows[0].rows)
    }
    return contents
  })
}

/** What pg_restore --clean does to the database that the dump came from: it writes the rows in transactions of its own. */
async function restore(url: string, contents: ReadonlyMap<string, string>): Promise<void> {
  await onServer(url, async client => {
    await client.query('SET session_replication_role = replica')
    for (const [table, rows] of contents) {
      await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`)
      await client.query(`DELETE FROM ${table}`)
      await client.query(
        `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_recordset(null::${table}, $1)`,
        [rows],
      )
    }
    for (const table of contents.keys()) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER ALL`)
  })
}

t.test(
  'a dump that is restored into its own database, Redis flushed: no number of the day comes twice',
  async t => {
    const { gateway, redis } = await startStack(t, PRODUCTION_TIMES)
    // The backup is older than the day's first number of u, and than most of w's.
    await draw(gateway, 'w', 1)
    const backup = await dump(gateway.databaseUrl)
    const lost = { u: await draw(gateway, 'u', 1_000), w: await draw(gateway, 'w', 60) }
    const client = gateway.services.redis!.scriptConnection.client
    await client.flushall()
    await gateway.close()
    await restore(gateway.databaseUrl, backup)
    const again = await startGateway(t, {
      ...PRODUCTION_TIMES,
      DATABASE_URL: gateway.databaseUrl,
      REDIS_URL: redis.url,
    })
    await eventually('it is ready', () => again.services.status.ready)
    for (const user of ['u', 'w'] as const) {
      // The backup does not have u, and a look creates no user.
      await again.as(user, { url: '/api/user/settings' })
      t.ok((await lastOf(again, user)) >= lost[user].last, `GET is not below what ${user} has drawn`)
      const next = await draw(again, user, 1)
      t.ok(next.first > lost[user].last, `${next.first} after ${lost[user].last}`)
      t.ok(next.first < 99_999, 'five digits are enough')
      t.equal((await draw(again, user, 1)).first, next.first + 1, 'and it goes on from there')
    }
    // The same backup once more, Redis as it is: what it knows of each user counts.
    const second = { u: await draw(again, 'u', 1_000), w: await draw(again, 'w', 1_000) }
    await again.close()
    await restore(gateway.databaseUrl, backup)
    const third = await startGateway(t, {
      ...PRODUCTION_TIMES,
      DATABASE_URL: gateway.databaseUrl,
      REDIS_URL: redis.url,
    })
    await eventually('it is ready', () => third.services.status.ready)
    for (const user of ['u', 'w'] as const) {
      const next = await draw(third, user, 1)
      t.ok(next.first > second[user].last, `${next.first} after ${second[user].last}`)
    }
  },
)

t.test('a dump that is restored while gateways run is noticed by them', async t => {
  const { gateway } = await startStack(t, PRODUCTION_TIMES)
  await draw(gateway, 'w', 1)
  const backup = await dump(gateway.databaseUrl)
  const drawn = await draw(gateway, 'u', 500)
  await restore(gateway.databaseUrl, backup)
  let next: { first: number } | undefined
  await eventually('numbers are drawn again', async () => {
    next = await draw(gateway, 'u', 1).catch(() => undefined)
    return next !== undefined
  })
  t.ok(next!.first > drawn.last, `${next!.first} after ${drawn.last}`)
})

t.test('a volume that is set back to a snapshot, its timeline unchanged', async t => {
  const dataDir = join(temporaryDirectory(t), 'data')
  const redis = await startRedis(t)
  let server = await startPrivatePostgres({ dataDir })
  t.teardown(() => server.kill())
  const start = async () => {
    const gateway = await startGateway(t, {
      ...PRODUCTION_TIMES,
      DATABASE_URL: server.url,
      REDIS_URL: redis.url,
    })
    await eventually('hits', async () => (await gateway.services.status.health()).cache.mode === 'on')
    return gateway
  }
  const before = await start()
  await draw(before, 'w', 1)
  await before.close()
  await server.stop()
  // As the owner of the files is another user.
  execFileSync('cp', ['-a', dataDir, `${dataDir}-snapshot`])
  const { port } = server
  server = await startPrivatePostgres({ dataDir, port })
  const gateway = await start()
  const lost = { u: await draw(gateway, 'u', 700), w: await draw(gateway, 'w', 700) }
  await eventually('the marker is beyond the snapshot', async () => {
    const marker = await gateway.services.redis!.scriptConnection.client.get('gateway:marker')
    const { rows } = await gateway.services.pool.query(`SELECT pg_current_xact_id()::text AS xid`)
    return BigInt(rows[0].xid) - BigInt(marker!.split(' ')[0]!) < 5n
  })
  await gateway.close()
  await server.stop()
  rmSync(dataDir, { recursive: true })
  execFileSync('cp', ['-a', `${dataDir}-snapshot`, dataDir])
  server = await startPrivatePostgres({ dataDir, port })
  const after = await startGateway(t, { ...PRODUCTION_TIMES, DATABASE_URL: server.url, REDIS_URL: redis.url })
  await eventually('it is ready', () => after.services.status.ready)
  for (const user of ['u', 'w'] as const) {
    const next = await draw(after, user, 1)
    t.ok(next.first > lost[user].last, `${user}: ${next.first} after ${lost[user].last}`)
  }
})

t.test('an operator raises the numbers of the days of now, with the view ON', async t => {
  const { gateway } = await startStack(t, PRODUCTION_TIMES)
  const first = await draw(gateway, 'u', 1)
  t.equal(first.first, 1)
  const client = new pg.Client(gateway.databaseUrl)
  await client.connect()
  await client.query('SELECT raise_order_numbers(60000)')
  const { rows } = await client.query('SELECT days_of_now() AS day')
  await client.end()
  t.ok(rows.length === 2 || rows.length === 3, `${rows.length} days`)
  t.ok((await draw(gateway, 'w', 1)).first > 60_000, 'a user without a row')
  await eventually('the other user as well', async () => (await draw(gateway, 'u', 1)).first > 60_000)
})
