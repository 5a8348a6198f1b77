import pg from 'pg'
import t, { type Test } from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { createPool } from '../../src/store/pool.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { drawNumbers, reserveBlock } from '../../src/store/statements/sequences.ts'
import { createDatabase, onServer } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { META, REF } from './writing.ts'

const TIMES = {
  connectTimeoutMs: 10_000,
  freeTimeoutMs: 10_000,
  statementTimeoutMs: 10_000,
  idleInTransactionTimeoutMs: 10_000,
}

/** A store over a database with these defaults, and clients of it. */
async function start(t: Test, defaults: Readonly<Record<string, string>>) {
  const url = await createDatabase(t)
  await onServer(url, async client => {
    const { rows } = await client.query('SELECT current_database() AS name')
    for (const [name, value] of Object.entries(defaults))
      await client.query(`ALTER DATABASE ${rows[0].name} SET ${name} = '${value}'`)
  })
  const pool = createPool({ url, poolSize: 4, ...TIMES }, () => {})
  t.teardown(() => pool.end())
  const availability = new Availability()
  const store = new PostgresStore({ pool, viewPool: pool, viewTimeoutMs: 10_000, availability })
  const connect = async () => {
    const client = new pg.Client(url)
    await client.connect()
    t.teardown(() => client.end())
    return client
  }
  const admin = await connect()
  // In a transaction pg_stat_activity would stand still.
  const watcher = await connect()
  const waits = () =>
    eventually('one waits for a lock', async () => {
      const { rows } = await watcher.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows.length > 0
    })
  return { store, pool, admin, connect, waits }
}

for (const isolation of ['repeatable read', 'serializable']) {
  const defaults = { default_transaction_isolation: isolation }

  t.test(`${isolation}: a writer that waited sees what was committed meanwhile`, async t => {
    const { store, waits } = await start(t, defaults)
    const write = (version: number) => ({
      ref: REF,
      previous: version - 1,
      version,
      data: `{"a":${version}}`,
      changes: '[]',
      ...META,
    })
    const first = await store.beginWrite([REF], 'wait')
    const second = store.beginWrite([REF], 'wait')
    await waits()
    await first.applyAndCommit([write(1)])
    const begun = await second
    t.match(begun.rows, [{ version: 1 }])
    await begun.applyAndCommit([write(2)])
  })

  t.test(`${isolation}: who waited for the VIEW lock sees the view as it is`, async t => {
    const { store, admin, waits } = await start(t, defaults)
    const holding = async (change: string, waiting: () => Promise<unknown>) => {
      await admin.query('BEGIN ISOLATION LEVEL READ COMMITTED')
      await admin.query('SELECT lock_view_exclusive()')
      await admin.query(change)
      const done = waiting()
      await waits()
      await admin.query('COMMIT')
      return done
    }
    t.match(
      await holding(`UPDATE cache_view SET mode = 'ON', epoch = 7`, () => store.setOff(7, 'test')),
      { mode: 'OFF', epoch: 8 },
      'turned OFF',
    )
    t.equal(
      await holding('UPDATE cache_view SET drained = true, epoch = 9', () => store.newEpoch(9, 0)),
      10,
      'a new epoch',
    )
    t.equal(await store.newEpoch(10, 500), 500, 'above what Redis names')
    await holding(`UPDATE cache_view SET epoch = 11`, async () => {
      const gate = await store.beginGate()
      t.equal(gate.view.epoch, 11, 'a gate')
      await gate.rollback()
    })
  })

  t.test(`${isolation}: order numbers`, async t => {
    const { pool, admin, waits } = await start(t, defaults)
    const blocks = await Promise.all(
      [1, 2, 3].map(() =>
        reserveBlock(pool, { userId: '42', day: '20260106', wanted: 1, used: 0, known: 0 }),
      ),
    )
    t.strictSame(
      blocks.map(({ first }) => first).sort((a, b) => a - b),
      [1, 17, 33],
    )
    await admin.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    await admin.query('SELECT lock_view_exclusive()')
    await admin.query(`UPDATE cache_view SET mode = 'ON'`)
    const drawn = drawNumbers(pool, { userId: '42', day: '20260106', wanted: 1 })
    await waits()
    await admin.query('COMMIT')
    t.equal(await drawn, null, 'none from the database while the view is ON')
  })

  t.test(`${isolation}: an edit by hand with a snapshot from before the view was ON is refused`, async t => {
    const { store, admin, connect } = await start(t, defaults)
    const tx = await store.beginWrite([REF], 'wait')
    await tx.applyAndCommit([{ ref: REF, previous: 0, version: 1, data: '{}', changes: '[]', ...META }])
    const editor = await connect()
    await editor.query('BEGIN')
    await editor.query('SELECT FROM documents')
    await admin.query(`UPDATE cache_view SET mode = 'ON', epoch = 5`)
    await editor.query(`UPDATE documents SET data = '{"a":1}'`)
    await t.rejects(editor.query('COMMIT'), { code: '40001' })
    await editor.query(`UPDATE documents SET data = '{"a":1}'`)
    t.match((await store.readView()).view, { mode: 'OFF', reason: 'manual-edit' })
  })
}

t.test('a COMMIT is durable whatever the role prefers, and waits for standbys when it does', async t => {
  for (const [preferred, used] of [
    ['off', 'on'],
    ['remote_apply', 'remote_apply'],
  ]) {
    const { store, pool, admin } = await start(t, { synchronous_commit: preferred! })
    await admin.query(`
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.updated_by := current_setting('synchronous_commit'); RETURN NEW; END $$;
      CREATE TRIGGER note BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION note()`)
    for (const refs of [[REF], [REF, { userId: '43', kind: 'settings' }]].map(all => all.slice(-2))) {
      const tx = await store.beginWrite(refs, 'wait')
      const changes = refs
        .filter(ref => !tx.rows.some(row => row.ref.userId === ref.userId))
        .map(ref => ({ ref, previous: 0, version: 1, data: '{}', changes: '[]', ...META }))
      await tx.applyAndCommit(changes)
    }
    const { rows } = await pool.query('SELECT DISTINCT updated_by FROM documents')
    t.strictSame(rows, [{ updated_by: used }])
  }
})
