import t from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPool } from '../../src/store/pool.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { reserveBlock } from '../../src/store/statements/sequences.ts'
import { onServer, startPostgres } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { META, REF } from './writing.ts'

// The server waits for its standby until it is told not to (pg_cancel_backend), then says COMMIT with a warning.
t.test('a COMMIT that a synchronous standby may not have is not acknowledged', async t => {
  const { url } = await startPostgres(t)
  await migrate(url)
  const times = { connectTimeoutMs: 10_000, freeTimeoutMs: 10_000, idleInTransactionTimeoutMs: 10_000 }
  const pool = createPool({ url, poolSize: 2, statementTimeoutMs: 20_000, ...times }, () => {})
  t.teardown(() => pool.end())
  const availability = new Availability()
  const store = new PostgresStore({ pool, viewPool: pool, viewTimeoutMs: 10_000, availability })
  const write = async (version: number) => {
    const tx = await store.beginWrite([REF], 'wait')
    return tx.applyAndCommit([
      { ref: REF, previous: version - 1, version, data: `{"a":${version}}`, changes: '[]', ...META },
    ])
  }
  const outcome = async (work: Promise<unknown>) => {
    const settled = work.then(
      () => 'acknowledged',
      (error: Error) => error.name,
    )
    await onServer(url, client =>
      eventually('one waits for the standby, and is cancelled', async () => {
        const { rows } = await client.query(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
        )
        return rows.length > 0
      }),
    )
    return settled
  }
  await write(1)
  await onServer(url, async client => {
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`)
    await client.query('SELECT pg_reload_conf()')
    // It takes effect in a moment.
    let waited = false
    client.on('notice', () => {
      waited = true
    })
    const untilWaited = async () => {
      while (!waited) await client.query('UPDATE cache_view SET reason = reason')
    }
    await outcome(untilWaited())
  })
  t.equal(await outcome(write(2)), 'CommitUnknownError', 'a write')
  const gate = await store.beginGate()
  await gate.setOn({ epoch: 1, database: 'd', identity: { runId: 'a', replicationId: 'b' } }, 1_000)
  t.equal(await outcome(gate.commit()), 'CommitUnknownError', 'a gate')
  t.equal(
    await outcome(reserveBlock(pool, { userId: '42', day: '20260106', wanted: 1, used: 0, known: 0 })),
    'DatabaseUnavailableError',
    'order numbers: they are burned',
  )
  t.equal(pool.idleCount, pool.totalCount, 'the connections are used again')
  t.match((await store.readRows([REF])).rows, [{ version: 2 }])
  await onServer(url, async client => {
    await client.query('ALTER SYSTEM RESET synchronous_standby_names')
    await client.query('SELECT pg_reload_conf()')
  })
  await write(3)
})
