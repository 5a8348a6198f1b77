import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { Batch } from '../../src/store/batch.ts'
import { beginWrite } from '../../src/store/statements/begin-write.ts'
import { applyChanges } from '../../src/store/statements/documents.ts'
import { createDatabase } from '../helper/backends.ts'
import { META } from './writing.ts'

async function connect(t: { teardown(work: () => unknown): void }, url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  return client
}

const ref = { userId: "o'brien\\ $1", kind: 'mode.scalp' }

t.test('a waiting writer reads what was committed before it got its locks', async t => {
  const url = await createDatabase(t)
  const [first, second] = [await connect(t, url), await connect(t, url)]
  const begun = await beginWrite(first, 0, [ref], 'wait')
  t.match(begun, { view: { mode: 'OFF', epoch: 1, drained: true, identity: null }, rows: [] })
  const waiting = beginWrite(second, 0, [ref], 'wait')
  await first.query(
    `SELECT apply_changes(ARRAY[$1], ARRAY[$2], ARRAY[0::bigint], ARRAY[1::bigint], ARRAY['{"a":1}'], ARRAY['[]'], ARRAY['test'], ARRAY['put'])`,
    [ref.userId, ref.kind],
  )
  await first.query(`UPDATE cache_view SET epoch = 7`)
  await first.query('COMMIT')
  t.match(await waiting, { view: { epoch: 7 }, rows: [{ ref, version: 1, data: '{"a": 1}' }] })
  await second.query('ROLLBACK')
})

t.test(
  'one that does not wait names the documents that another writer has, and has the locks of the others',
  async t => {
    const url = await createDatabase(t)
    const [first, second, third] = [await connect(t, url), await connect(t, url), await connect(t, url)]
    const refs = ['a', 'b', 'c'].map(userId => ({ userId, kind: 'settings' }))
    await beginWrite(first, 0, [refs[1]!], 'skip')
    t.strictSame((await beginWrite(second, 0, refs, 'skip')).unlocked, [refs[1]])
    t.strictSame((await beginWrite(third, 0, [refs[0]!], 'skip')).unlocked, [refs[0]])
    await third.query('ROLLBACK')
    await second.query('ROLLBACK')
    t.strictSame((await beginWrite(third, 0, [refs[0]!], 'skip')).unlocked, [])
  },
)

t.test('several documents, existing or not', async t => {
  const client = await connect(t, await createDatabase(t))
  const refs = ['a', 'b', 'c'].map(userId => ({ userId, kind: 'settings' }))
  t.strictSame((await beginWrite(client, 0, refs, 'wait')).rows, [])
  await client.query('ROLLBACK')
})

t.test('a change of one document stores it only on top of the version before', async t => {
  const client = await connect(t, await createDatabase(t))
  const apply = (version: number, data: string | null = '{"a":1}') =>
    Batch.run(client, [applyChanges([{ ref, previous: version - 1, version, data, changes: '[]', ...META }])])
  const conflicts = async (version: number, why: string) => {
    await client.query('SAVEPOINT before')
    await t.rejects(apply(version), { code: '40001' }, why)
    await client.query('ROLLBACK TO before')
  }
  await client.query('BEGIN')
  await apply(1)
  await conflicts(1, 'somebody else made the row')
  await conflicts(3, 'somebody else changed the row')
  await apply(2)
  const history = 'SELECT version, data, updated_by, reason FROM document_history ORDER BY version'
  t.match((await client.query(history)).rows, [
    { version: '1', data: { a: 1 }, updated_by: 'test', reason: 'put' },
    { version: '2', data: { a: 1 }, updated_by: 'test', reason: 'put' },
  ])
  await apply(3, null)
  t.strictSame((await client.query(history)).rows, [], 'a deleted document leaves nothing of its content')
  await client.query('COMMIT')
  t.match((await beginWrite(client, 0, [ref], 'wait')).rows, [{ ref, version: 3, data: null }])
  t.match((await client.query('SELECT mode, epoch FROM cache_view')).rows, [{ epoch: '1' }], 'not by hand')
})

t.test(
  'the history holds what was stored, in the row or beside it, and nothing of what was deleted',
  async t => {
    const client = await connect(t, await createDatabase(t))
    // Some are compressed and stay in the row, others do not fit into it.
    const texts = [10, 3_000, 40_000, 400_000].map(length => JSON.stringify({ text: noise(length) }))
    const changes = texts.map((data, i) => ({
      ref: { userId: `user ${i}`, kind: 'settings' },
      previous: 0,
      version: 1,
      data,
      changes: `[${i}]`,
      ...META,
    }))
    const stored = async () => {
      const { rows } = await client.query(
        `SELECT h.data = d.data AS same, h.version, h.changes, h.updated_at = d.updated_at AS same_time, h.reason
       FROM document_history h JOIN documents d USING (user_id, kind) WHERE h.version = d.version ORDER BY user_id`,
      )
      return rows
    }
    const expected = (version: string) =>
      changes.map((_, i) => ({ same: true, version, changes: [i], same_time: true, reason: 'put' }))
    await Batch.run(client, [applyChanges(changes)])
    t.strictSame(await stored(), expected('1'), 'several')
    for (const change of changes)
      await Batch.run(client, [applyChanges([{ ...change, previous: 1, version: 2 }])])
    t.strictSame(await stored(), expected('2'), 'one by one')
    const mixed = changes.map((change, i) => ({
      ...change,
      previous: 2,
      version: 3,
      data: i === 0 ? null : change.data,
    }))
    await Batch.run(client, [applyChanges(mixed)])
    t.strictSame(await stored(), expected('3').slice(1))
    const left = await client.query(`SELECT FROM document_history WHERE user_id = 'user 0'`)
    t.equal(left.rowCount, 0)
  },
)

t.test('new documents of the same content are stored from one of them, whatever is beside them', async t => {
  const client = await connect(t, await createDatabase(t))
  const same = JSON.stringify({ text: noise(5_000) })
  const change = (userId: string, kind: string, data: string | null, previous = 0) => ({
    ref: { userId, kind },
    previous,
    version: previous + 1,
    data,
    changes: '[]',
    ...META,
  })
  await Batch.run(client, [
    applyChanges([change('old', 'safety.scalp', '{}'), change('gone', 'llm_config', '{}')]),
  ])
  const statement = applyChanges([
    change('old', 'safety.scalp', same, 1),
    change('gone', 'llm_config', null, 1),
    change('a', 'settings', same),
    change('a', 'safety.scalp', same),
    change('b', 'settings', same),
    change('c', 'settings', '{"other":1}'),
    change('d', 'settings', same),
  ])
  t.equal(
    statement.values.join().split(same.slice(9, -2)).length - 1,
    3,
    'once for each kind, and for the old one',
  )
  await Batch.run(client, [statement])
  const { rows } = await client.query(
    `SELECT d.user_id, d.kind, d.version, d.data = $1 AS same, h.data = d.data AS kept
     FROM documents d LEFT JOIN document_history h USING (user_id, kind, version) ORDER BY user_id, kind`,
    [same],
  )
  t.strictSame(
    rows.map(row => Object.values(row)),
    [
      ['a', 'safety.scalp', '1', true, true],
      ['a', 'settings', '1', true, true],
      ['b', 'settings', '1', true, true],
      ['c', 'settings', '1', false, true],
      ['d', 'settings', '1', true, true],
      ['gone', 'llm_config', '2', null, null],
      ['old', 'safety.scalp', '2', true, true],
    ],
  )
  const again = [change('e', 'settings', same), change('a', 'settings', same)]
  for (const changes of [again, [...again].reverse()])
    await t.rejects(Batch.run(client, [applyChanges(changes)]), { code: '40001' }, 'one of them is there')
  t.equal((await client.query(`SELECT FROM documents WHERE user_id = 'e'`)).rowCount, 0)
})

/** Letters that can be compressed by half at most. */
function noise(length: number): string {
  return randomBytes(length / 2).toString('hex')
}
