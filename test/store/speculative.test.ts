import pg from 'pg'
import t from 'tap'
import type { Change, Row } from '../../src/consistency/document-rows.ts'
import type { WriteTransaction } from '../../src/consistency/store-port.ts'
import type { PostgresStore } from '../../src/store/postgres-store.ts'
import { FIRST, holdRow, REF, startWriting, TERMINATE } from './writing.ts'

const SECOND: Change = { ...FIRST, previous: 1, version: 2, data: '{"a":2}' }
const CONFLICT = { name: 'WriteConflictError' }

/** Stores the first version, and begins a write that holds it. */
async function speculate(store: PostgresStore, changes: readonly Change[] = [SECOND]) {
  const held = await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])
  return { held, tx: await beginWith(store, held, changes) }
}

function beginWith(
  store: PostgresStore,
  held: readonly Row[],
  changes: readonly Change[],
): Promise<WriteTransaction> {
  return store.beginWrite(
    held.map(({ ref }) => ref),
    'skip',
    { held, changes },
  )
}

t.test('what was planned ahead is stored by COMMIT, and not before', async t => {
  const { store, admin, version } = await startWriting(t)
  const { held, tx } = await speculate(store)
  t.strictSame(tx.outdated, [])
  t.equal(tx.rows[0], held[0], 'the row that the caller has')
  t.equal(await version(), 1)
  t.match(await tx.applyAndCommit([SECOND]), [
    { ref: REF, version: 2, data: '{"a":2}', updatedAt: /^20.*Z$/ },
  ])
  t.equal(await version(), 2)
  const history = await admin.query('SELECT version, data, reason FROM document_history ORDER BY version')
  t.strictSame(history.rows, [
    { version: '1', data: { a: 1 }, reason: 'put' },
    { version: '2', data: { a: 2 }, reason: 'put' },
  ])
})

t.test('what is rolled back leaves nothing, and its connection is used again', async t => {
  const { store, pool, version } = await startWriting(t)
  const { held, tx } = await speculate(store)
  await tx.rollback()
  t.equal(await version(), 1)
  await (await beginWith(store, held, [SECOND])).applyAndCommit([SECOND])
  t.equal(await version(), 2)
  t.equal(pool.totalCount, 1)
})

t.test('several documents at once', async t => {
  const { store, admin } = await startWriting(t)
  const refs = ['b', 'a', 'c'].map(userId => ({ userId, kind: 'settings' }))
  const first = refs.map(ref => ({ ...FIRST, ref }))
  const held = await (await store.beginWrite(refs, 'wait')).applyAndCommit(first)
  const changes = refs.map(ref => ({ ...SECOND, ref }))
  const tx = await beginWith(store, held, changes)
  t.match(tx, { outdated: [], unlocked: [] })
  t.strictSame(
    (await tx.applyAndCommit(changes)).map(({ ref, version }) => [ref.userId, version]),
    [
      ['b', 2],
      ['a', 2],
      ['c', 2],
    ],
  )
  t.equal((await admin.query('SELECT FROM documents WHERE version = 2')).rowCount, 3)
})

t.test('a row that is another by now, or gone, is noticed with the locks', async t => {
  const { store, admin, version } = await startWriting(t)
  const { held, tx } = await speculate(store)
  await tx.applyAndCommit([SECOND])
  const outdated = await beginWith(store, held, [SECOND])
  t.strictSame(outdated.outdated, [REF])
  await t.rejects(outdated.applyAndCommit([SECOND]), CONFLICT)
  await outdated.rollback()
  t.equal(await version(), 2)
  const [row] = held as [Row]
  const sameVersion = await beginWith(
    store,
    [{ ...row, version: 2 }],
    [{ ...SECOND, previous: 2, version: 3 }],
  )
  t.strictSame(sameVersion.outdated, [REF], 'the same version of another time')
  await sameVersion.rollback()
  const nobody = { ...row, ref: { ...REF, userId: 'nobody' } }
  const missing = await beginWith(store, [row, nobody], [SECOND])
  t.strictSame(missing.outdated, [REF, nobody.ref])
  await missing.rollback()
  t.equal((await admin.query('SELECT FROM document_history')).rowCount, 2)
})

t.test('a lock that another writer has: its row is not waited for', async t => {
  const { store, url, version } = await startWriting(t)
  const { held, tx } = await speculate(store)
  await tx.rollback()
  const other = new pg.Client(url)
  await other.connect()
  t.teardown(() => other.end())
  await other.query('BEGIN')
  await other.query('SELECT lock_one_for_write($1, $2)', [REF.userId, REF.kind])
  await other.query('SELECT FROM documents FOR UPDATE')
  const behind = await beginWith(store, held, [SECOND])
  t.strictSame(behind.unlocked, [REF])
  await t.rejects(behind.applyAndCommit([SECOND]), CONFLICT)
  await behind.rollback()
  const both = await beginWith(store, [...held, ...held], [SECOND, SECOND])
  t.strictSame(both.unlocked, [REF, REF])
  await t.rejects(both.applyAndCommit([SECOND, SECOND]), CONFLICT)
  await both.rollback()
  t.equal(await version(), 1)
})

t.test('an edit by hand that is committed behind the locks: a conflict', async t => {
  const { store, url, version, waits } = await startWriting(t)
  const { held, tx } = await speculate(store)
  await tx.rollback()
  const hand = new pg.Client(url)
  await hand.connect()
  t.teardown(() => hand.end())
  await hand.query('BEGIN')
  await hand.query(`UPDATE documents SET data = '{"by":"hand"}'`)
  const behind = await beginWith(store, held, [SECOND])
  t.strictSame(behind.outdated, [], 'it is not committed yet')
  await waits()
  // Its COMMIT waits for the writers, and PostgreSQL ends one of the two.
  const edited = hand.query('COMMIT').then(
    () => true,
    () => false,
  )
  const stored = await behind.applyAndCommit([SECOND]).then(
    () => true,
    error => {
      t.match(error, CONFLICT)
      return false
    },
  )
  await behind.rollback()
  t.not(await edited, stored)
  t.equal(await version(), 2)
})

t.test('a connection that ends while the changes are stored: nothing is stored', async t => {
  const world = await startWriting(t)
  const { store, admin, version } = world
  await holdRow(t, world)
  const { rows } = await store.readRows([REF])
  const tx = await beginWith(store, rows, [SECOND])
  await world.waits()
  await admin.query(TERMINATE)
  await t.rejects(tx.applyAndCommit([SECOND]), { name: 'DatabaseUnavailableError' })
  await tx.rollback()
  t.equal(await version(), 1)
  t.equal((await store.readRows([REF])).rows[0]?.version, 1, 'over a new connection')
})

t.test('a connection that ends before COMMIT is sent: nothing is stored, and that is known', async t => {
  const { store, admin, pool, version } = await startWriting(t)
  const ended = new Promise(resolve => pool.once('acquire', client => client.once('error', resolve)))
  const { tx } = await speculate(store)
  t.ok((await tx.look()).server, 'the changes are stored')
  await admin.query(TERMINATE)
  await ended
  await t.rejects(tx.applyAndCommit([SECOND]), { name: 'DatabaseUnavailableError' })
  await tx.rollback()
  t.equal(await version(), 1)
})

t.test('the row of the view is gone: it is made again, and nothing is stored twice', async t => {
  const { store, admin, version } = await startWriting(t)
  const held = await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])
  await admin.query(`
    ALTER TABLE cache_view DISABLE TRIGGER ALL;
    DELETE FROM cache_view;
    ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_deleted;
    ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_truncated`)
  const tx = await beginWith(store, held, [SECOND])
  t.equal(tx.view.mode, 'OFF')
  t.match(await tx.applyAndCommit([SECOND]), [{ version: 2 }])
  t.equal(await version(), 2)
})

t.test('a fault of the change is told as it is', async t => {
  const { store, version } = await startWriting(t)
  const { tx } = await speculate(store, [{ ...SECOND, data: '{' }])
  await t.rejects(tx.applyAndCommit([SECOND]), { code: '22P02' })
  await tx.rollback()
  t.equal(await version(), 1)
})
