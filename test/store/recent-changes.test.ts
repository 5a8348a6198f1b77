import pg from 'pg'
import t from 'tap'
import { recentChanges } from '../../src/store/statements/documents.ts'
import { FIRST, META, REF, startWriting } from './writing.ts'

/** What a read without Redis asks: which documents were changed since a transaction. */

const edit = (kind: string) =>
  `INSERT INTO documents (user_id, kind, data) VALUES ('42', '${kind}', '{}')
   ON CONFLICT (user_id, kind) DO UPDATE SET data = '{"b":2}'`

t.test('a transaction that commits behind one that began later is told as well', async t => {
  const { store, admin, url } = await startWriting(t, { direct: true })
  const begin = await store.readChangesSince(0n, 10)
  t.strictSame(begin.changed, [])
  t.equal(begin.database, (await store.readView()).database)
  t.equal(begin.server, (await store.readView()).server)

  const slow = new pg.Client(url)
  await slow.connect()
  t.teardown(() => slow.end())
  await slow.query('BEGIN')
  await slow.query(edit('mode.swing'))
  const { rows } = await slow.query('SELECT pg_current_xact_id()::text AS xid')
  await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])

  const first = await store.readChangesSince(begin.oldestXid, 10)
  t.strictSame(first.changed, [{ ref: REF, version: 1 }])
  t.ok(first.oldestXid <= BigInt(rows[0].xid), 'the one that is open')
  await slow.query('COMMIT')
  const second = await store.readChangesSince(first.oldestXid, 10)
  t.match(second.changed?.find(({ ref }) => ref.kind === 'mode.swing')?.version, 1)

  await admin.query(edit('mode.swing'))
  const deleted = { ...FIRST, previous: 1, version: 2, data: null }
  await (await store.beginWrite([REF], 'wait')).applyAndCommit([deleted])
  const third = await store.readChangesSince(second.oldestXid, 10)
  t.strictSame(
    third.changed?.map(({ ref: { kind }, version }) => [kind, version]),
    [
      ['mode.swing', 2],
      ['mode.scalp', 2],
    ],
    'an edit by hand, and a document that was deleted',
  )
})

t.test('more than the limit is not told; nor is what was changed in an earlier incarnation', async t => {
  const { store, admin } = await startWriting(t, { direct: true })
  const begin = await store.readChangesSince(0n, 10)
  const refs = Array.from({ length: 4 }, (_, user) => ({ userId: `user-${user}`, kind: 'settings' }))
  const changes = refs.map(ref => ({ ref, previous: 0, version: 1, data: '{}', changes: '[]', ...META }))
  await (await store.beginWrite(refs, 'wait')).applyAndCommit(changes)
  t.equal((await store.readChangesSince(begin.oldestXid, 3)).changed, undefined)
  t.equal((await store.readChangesSince(begin.oldestXid, 4)).changed?.length, 4)

  await admin.query(`SELECT begin_incarnation(id, 'database-set-back', 0) FROM database_incarnation`)
  const later = await store.readChangesSince(begin.oldestXid, 3)
  t.strictSame(later.changed, [])
  t.not(later.database, begin.database)
})

t.test('many documents: by the index, whatever the planner expects of the transaction', async t => {
  const { admin } = await startWriting(t, { direct: true })
  await admin.query(`
    SET gateway.writer = 'on';
    INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
    SELECT 'user-' || number, 'settings', 1, '{}', now(), 'test', pg_current_xact_id(), current_incarnation()
    FROM generate_series(1, 20000) AS number;
    ANALYZE documents;
    SET plan_cache_mode = force_generic_plan`)
  const { text, values } = recentChanges(0n, 100)
  await admin.query(`PREPARE recent (text, bigint) AS ${text}`)
  const { rows } = await admin.query(`EXPLAIN EXECUTE recent ('${values[0]}', ${values[1]})`)
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  t.match(plan, /Index (Only )?Scan using documents_changed on documents/)
})
