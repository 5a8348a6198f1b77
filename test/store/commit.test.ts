import { execFileSync } from 'node:child_process'
import type pg from 'pg'
import t from 'tap'
import type { Change } from '../../src/consistency/document-rows.ts'
import type { WriteTransaction } from '../../src/consistency/store-port.ts'
import { isOutcomeUnknown } from '../../src/store/database-errors.ts'
import { eventually } from '../helper/gateway.ts'
import { atCommit, FIRST, fatal, holdCommit, holdRow, REF, startWriting, TERMINATE } from './writing.ts'

const SECOND: Change = { ...FIRST, previous: 1, version: 2, data: '{"a":2}' }
const NOTHING_STORED = { name: 'DatabaseUnavailableError' }
const UNKNOWN = { name: 'CommitUnknownError' }

/** What the change fails with; rolled back after that, as the protocol does. */
async function failure(tx: WriteTransaction, change: Change): Promise<unknown> {
  const error = await tx.applyAndCommit([change]).then(
    () => undefined,
    (error: unknown) => error,
  )
  await tx.rollback()
  return error
}

t.test('one document, and several with whatever their texts hold', async t => {
  const { store, admin, version } = await startWriting(t)
  const [stored] = await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])
  t.match(stored, { ref: REF, version: 1, data: FIRST.data, updatedAt: /^20.*Z$/ })
  t.equal(await version(), 1)
  const odd = { userId: `o'br"ien\\ {,} NULL`, kind: 'mode.scalp' }
  const changes = [
    { ...SECOND, data: null },
    {
      ref: odd,
      previous: 0,
      version: 1,
      data: '{"odd":"\\" \\\\ {,} $1"}',
      changes: '[{"path":"odd"}]',
      updatedBy: 'another',
      reason: 'import',
    },
  ]
  const tx = await store.beginWrite([REF, odd], 'wait')
  t.match(tx.rows, [{ ref: REF, version: 1 }])
  t.strictSame(
    (await tx.applyAndCommit(changes)).map(({ ref, data }) => ({ ref, data })),
    changes.map(({ ref, data }) => ({ ref, data })),
  )
  const { rows } = await admin.query(
    'SELECT user_id, version, data, updated_by FROM documents ORDER BY version',
  )
  t.strictSame(rows, [
    { user_id: odd.userId, version: '1', data: { odd: '" \\ {,} $1' }, updated_by: 'another' },
    { user_id: '42', version: '2', data: null, updated_by: 'test' },
  ])
  const history = await admin.query('SELECT updated_by, reason FROM document_history')
  t.strictSame(history.rows, [{ updated_by: 'another', reason: 'import' }])
})

t.test('a row that is another by now: a conflict, and the connection is used again', async t => {
  const { store, pool, version } = await startWriting(t)
  await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])
  t.match(await failure(await store.beginWrite([REF], 'wait'), FIRST), { name: 'WriteConflictError' })
  t.equal(pool.idleCount, 1)
  await (await store.beginWrite([REF], 'wait')).applyAndCommit([SECOND])
  t.equal(await version(), 2)
})

t.test('a fault of the statement is told as it is', async t => {
  const { store, pool, version } = await startWriting(t)
  t.match(await failure(await store.beginWrite([REF], 'wait'), { ...FIRST, data: '{' }), { code: '22P02' })
  t.equal(await version(), 0)
  t.equal(pool.idleCount, 1)
})

t.test('the statement takes too long: nothing was stored', async t => {
  const world = await startWriting(t, { statementTimeoutMs: 500 })
  await holdRow(t, world)
  t.match(await failure(await world.store.beginWrite([REF], 'wait'), SECOND), NOTHING_STORED)
  t.equal(world.pool.idleCount, 1)
  t.equal(await world.version(), 1)
})

t.test('COMMIT takes too long: nobody knows', async t => {
  const world = await startWriting(t, { statementTimeoutMs: 500 })
  await holdCommit(t, world)
  t.match(await failure(await world.store.beginWrite([REF], 'wait'), FIRST), UNKNOWN)
  t.equal(world.pool.totalCount, 0)
})

t.test('terminated before it is sent: nothing was stored', async t => {
  const world = await startWriting(t)
  const connected = new Promise<pg.PoolClient>(resolve => world.pool.once('connect', resolve))
  const tx = await world.store.beginWrite([REF], 'wait')
  const client = await connected
  const noticed = new Promise(resolve => client.once('end', resolve))
  await world.admin.query(TERMINATE)
  await noticed
  t.match(await failure(tx, FIRST), NOTHING_STORED)
  t.equal(world.pool.totalCount, 0)
})

t.test('terminated before it is sent, which is not noticed until then: nothing was stored', async t => {
  const world = await startWriting(t, { direct: true })
  const tx = await world.store.beginWrite([REF], 'wait')
  // Nothing is read while this runs.
  const script = `
    import pg from 'pg'
    const client = new pg.Client(process.argv[1])
    await client.connect()
    await client.query(process.argv[2])
    await client.end()`
  execFileSync(process.execPath, ['--input-type=module', '--eval', script, world.url, TERMINATE])
  t.match(await failure(tx, FIRST), { ...NOTHING_STORED, cause: { code: '57P01' } })
  t.equal(world.pool.totalCount, 0)
  t.equal(await world.version(), 0)
})

t.test('terminated while the statement waits: nothing was stored', async t => {
  const world = await startWriting(t)
  await holdRow(t, world)
  const failed = failure(await world.store.beginWrite([REF], 'wait'), SECOND)
  await world.waits()
  await world.admin.query(TERMINATE)
  t.match(await failed, NOTHING_STORED)
  t.equal(world.pool.totalCount, 0)
  t.equal(await world.version(), 1)
})

t.test('terminated while COMMIT waits: nobody knows', async t => {
  const world = await startWriting(t)
  await holdCommit(t, world)
  const failed = failure(await world.store.beginWrite([REF], 'wait'), FIRST)
  await world.waits()
  await world.admin.query(TERMINATE)
  t.match(await failed, UNKNOWN)
  t.equal(world.pool.totalCount, 0)
})

t.test('COMMIT fails: nothing was stored', async t => {
  const world = await startWriting(t)
  await atCommit(world, `RAISE EXCEPTION 'no'`)
  t.match(await failure(await world.store.beginWrite([REF], 'wait'), FIRST), { code: 'P0001' })
  t.equal(await world.version(), 0)
})

t.test('the connection breaks without a word while the statement waits: nobody knows', async t => {
  const world = await startWriting(t)
  await holdRow(t, world)
  const failed = failure(await world.store.beginWrite([REF], 'wait'), SECOND)
  await world.waits()
  world.proxy.cut()
  t.match(await failed, UNKNOWN)
  t.equal(world.pool.totalCount, 0)
})

t.test('the reply is lost: nobody knows, and it was stored', async t => {
  const world = await startWriting(t)
  const tx = await world.store.beginWrite([REF], 'wait')
  world.proxy.dropReplies()
  const failed = failure(tx, FIRST)
  await eventually('it is stored', async () => (await world.version()) === 1)
  world.proxy.cut()
  t.match(await failed, UNKNOWN)
  t.equal(world.pool.totalCount, 0)
})

// What PgBouncer and Odyssey say, PgCat, and Supavisor.
for (const code of ['08P01', '08006', '58000', 'XX000']) {
  t.test(`a pooler says ${code} in place of the reply: nobody knows, and it was stored`, async t => {
    const world = await startWriting(t)
    const tx = await world.store.beginWrite([REF], 'wait')
    world.proxy.dropReplies()
    const failed = failure(tx, FIRST)
    await eventually('it is stored', async () => (await world.version()) === 1)
    world.proxy.endWith(fatal(code))
    t.match(await failed, { ...UNKNOWN, cause: { code } })
    t.equal(world.pool.totalCount, 0)
  })
}

t.test('the server is silent: nobody knows, and the connection is given up', async t => {
  const world = await startWriting(t, { statementTimeoutMs: 500 })
  const tx = await world.store.beginWrite([REF], 'wait')
  world.proxy.blackHole()
  t.match(await failure(tx, FIRST), UNKNOWN)
  t.equal(world.pool.totalCount, 0)
})

t.test('what leaves a COMMIT open', async t => {
  const said = (code: string) => Object.assign(new Error(code), { severity: 'FATAL', code })
  for (const code of ['08006', '25P03', '25P04', '57P01', '57P02', '58030', 'XX000'])
    t.ok(isOutcomeUnknown(said(code)), code)
  for (const code of ['23505', '40001', 'P0001']) t.notOk(isOutcomeUnknown(said(code)), code)
  t.ok(isOutcomeUnknown(new Error('Connection terminated unexpectedly')))
})
