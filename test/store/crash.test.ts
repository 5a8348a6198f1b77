import pg from 'pg'
import t from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPool } from '../../src/store/pool.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { startPostgres } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { FIRST, REF } from './writing.ts'

const TIMES = { connectTimeoutMs: 10_000, freeTimeoutMs: 10_000, idleInTransactionTimeoutMs: 10_000 }

t.test(
  'a process of PostgreSQL is killed: it is another server, because ids of transactions are given again',
  async t => {
    const { url } = await startPostgres(t)
    await migrate(url)
    const pool = createPool({ url, poolSize: 2, statementTimeoutMs: 10_000, ...TIMES }, () => {})
    t.teardown(() => pool.end())
    const availability = new Availability()
    const store = new PostgresStore({ pool, viewPool: pool, viewTimeoutMs: 10_000, availability })
    await (await store.beginWrite([REF], true)).applyAndCommit([FIRST])

    const client = new pg.Client(url)
    const gone = new Promise(resolve => client.once('error', resolve))
    await client.connect()
    // Nothing of them is on disk.
    for (let i = 0; i < 20; i++) await client.query('BEGIN; SELECT pg_current_xact_id(); ROLLBACK')
    const before = await store.readChangesSince(0n, 10)
    const start = async (db: pg.Client | pg.Pool) => {
      const { rows } = await db.query(
        'SELECT pg_postmaster_start_time()::text AS start, pg_backend_pid() AS pid',
      )
      return rows[0] as { readonly start: string; readonly pid: number }
    }
    const first = await start(client)
    process.kill(first.pid, 'SIGKILL')
    await gone
    await eventually('the server is back', () =>
      start(pool).then(
        () => true,
        () => false,
      ),
    )
    const change = { ...FIRST, previous: 1, version: 2, data: '{"a":2}' }
    await (await store.beginWrite([REF], true)).applyAndCommit([change])
    const after = await store.readChangesSince(0n, 10)
    t.not(after.server, before.server)
    t.equal((await start(pool)).start, first.start, 'PostgreSQL itself does not say so')
    t.comment({ before: before.oldestXid, after: after.oldestXid })
  },
)
