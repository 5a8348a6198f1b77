import pg from 'pg'
import t from 'tap'
import { beginWrite } from '../../src/store/statements/begin-write.ts'
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
