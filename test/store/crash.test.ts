import pg from 'pg'
import t, { type Test } from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPool } from '../../src/store/pool.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { startPostgres } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { FIRST, REF } from './writing.ts'

/** One process of PostgreSQL is killed: transaction ids of which nothing was on disk are given a second time. */

const TIMES = { connectTimeoutMs: 10_000, freeTimeoutMs: 10_000, idleInTransactionTimeoutMs: 10_000 }

/** A store with connections of its own. */
function openStore(t: Test, url: string) {
  const pool = createPool({ url, poolSize: 2, statementTimeoutMs: 10_000, ...TIMES }, () => {})
  t.teardown(() => pool.end())
  const availability = new Availability()
  return { pool, store: new PostgresStore({ pool, viewPool: pool, viewTimeoutMs: 10_000, availability }) }
}

async function startOf(db: pg.Client | pg.Pool): Promise<{ readonly start: string; readonly pid: number }> {
  const { rows } = await db.query('SELECT pg_postmaster_start_time()::text AS start, pg_backend_pid() AS pid')
  return rows[0]
}

t.test('the server counts as another one', async t => {
  const { url } = await startPostgres(t)
  await migrate(url)
  const { store } = openStore(t, url)
  await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])

  const [client, witness] = [new pg.Client(url), new pg.Client(url)]
  client.on('error', () => {})
  // When the server has noticed, it ends all others, and accepts nobody until it has recovered.
  const noticed = new Promise(resolve => witness.once('error', resolve))
  await Promise.all([client.connect(), witness.connect()])
  // Nothing of them is on disk.
  for (let i = 0; i < 20; i++) await client.query('BEGIN; SELECT pg_current_xact_id(); ROLLBACK')
  const before = await store.readChangesSince(0n, 10)
  const { start, pid } = await startOf(client)
  process.kill(pid, 'SIGKILL')
  await noticed

  const { store: later, pool } = openStore(t, url)
  await eventually('the server is back', () =>
    startOf(pool).then(
      () => true,
      () => false,
    ),
  )
  const change = { ...FIRST, previous: 1, version: 2, data: '{"a":2}' }
  await (await later.beginWrite([REF], 'wait')).applyAndCommit([change])
  const after = await later.readChangesSince(0n, 10)
  t.not(after.server, before.server)
  t.equal((await startOf(pool)).start, start, 'PostgreSQL itself does not say so')
})
