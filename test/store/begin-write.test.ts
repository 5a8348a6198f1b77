import pg from 'pg'
import t from 'tap'
import { Batch } from '../../src/store/batch.ts'
import { beginWrite } from '../../src/store/statements/begin-write.ts'
import { applyChanges } from '../../src/store/statements/documents.ts'
import { createDatabase } from '../helper/backends.ts'

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
  const begun = await beginWrite(first, [ref])
  t.match(begun, { view: { mode: 'OFF', epoch: 1, drained: true, identity: null }, rows: [] })
  const waiting = beginWrite(second, [ref])
  await first.query(
    `SELECT apply_changes(ARRAY[$1], ARRAY[$2], ARRAY[1::bigint], ARRAY['{"a":1}'], ARRAY['[]'], 'test', 'put')`,
    [ref.userId, ref.kind],
  )
  await first.query(`UPDATE cache_view SET epoch = 7`)
  await first.query('COMMIT')
  t.match(await waiting, { view: { epoch: 7 }, rows: [{ ref, version: 1, data: '{"a": 1}' }] })
  await second.query('ROLLBACK')
})

t.test('several documents, existing or not', async t => {
  const client = await connect(t, await createDatabase(t))
  const refs = ['a', 'b', 'c'].map(userId => ({ userId, kind: 'settings' }))
  t.strictSame((await beginWrite(client, refs)).rows, [])
  await client.query('ROLLBACK')
})

t.test('a change of one document stores it only on top of the version before', async t => {
  const client = await connect(t, await createDatabase(t))
  const apply = (version: number, data: string | null = '{"a":1}') =>
    Batch.run(client, [
      applyChanges([{ ref, version, data, changes: '[]' }], { updatedBy: 'test', reason: 'put' }),
    ])
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
  t.match((await beginWrite(client, [ref])).rows, [{ ref, version: 3, data: null }])
  t.match((await client.query('SELECT mode, epoch FROM cache_view')).rows, [{ epoch: '1' }], 'not by hand')
})
