import pg from 'pg'
import t, { type Test } from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'

async function connect(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  return client
}

const DOCUMENT = `('7', 'settings', 1, '{"a":1}', now(), 'x', pg_current_xact_id())`
const INSERT = `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid) VALUES ${DOCUMENT}`

t.test('what an operator does to documents: seen, or refused with a sentence', async t => {
  const client = await connect(t, await createDatabase(t))
  await client.query(INSERT)
  const on = () => client.query(`UPDATE cache_view SET mode = 'ON'`)
  const isOff = async () => (await client.query('SELECT mode FROM cache_view')).rows[0].mode === 'OFF'
  const row = async () => (await client.query('SELECT version::int, data, updated_by FROM documents')).rows[0]
  const versions = async () =>
    (await client.query('SELECT version::int FROM document_history ORDER BY 1')).rows.map(
      each => each.version,
    )

  await on()
  await client.query(`${INSERT} ON CONFLICT (user_id, kind) DO UPDATE SET data = '{"a":2}'`)
  t.match(await row(), { version: 2, data: { a: 2 }, updated_by: 'sql:postgres' }, 'an upsert')
  t.strictSame(await versions(), [1, 2])
  t.ok(await isOff())

  await on()
  await client.query(`SET session_replication_role = 'replica'`)
  await client.query(`UPDATE documents SET data = '{"a":3}'`)
  t.match(await row(), { version: 3, data: { a: 3 } }, 'without triggers, as the operator thinks')
  t.strictSame(await versions(), [1, 2, 3])
  t.ok(await isOff())
  for (const refused of [
    'DELETE FROM documents',
    'TRUNCATE documents',
    'TRUNCATE document_history',
    'DELETE FROM cache_view',
    'TRUNCATE cache_view',
    'DELETE FROM database_incarnation',
    'TRUNCATE database_incarnation',
  ])
    await t.rejects(client.query(refused), /never removed/, refused)
  await client.query('RESET session_replication_role')
  for (const column of ['user_id', 'kind'])
    await t.rejects(client.query(`UPDATE documents SET ${column} = 'other'`), /never change/, column)
  t.match(await row(), { version: 3 })
})

t.test('a row of cache_view that is gone all the same is made again, and drained', async t => {
  const { gateway } = await startStack(t, REDIS_OUTAGE)
  const get = () => gateway.as('42', { url: SCALP })
  const put = (confidence: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: confidence } } })
  const hit = () => eventually('it is a hit', async () => (await get()).headers['cache-status'] === HIT)
  await put(50)
  await hit()
  const client = await connect(t, gateway.databaseUrl)
  await client.query(`
    BEGIN;
    ALTER TABLE cache_view DISABLE TRIGGER ALL;
    DELETE FROM cache_view;
    ALTER TABLE cache_view ENABLE ALWAYS TRIGGER never_deleted;
    COMMIT`)
  t.equal((await put(51)).statusCode, 200, 'a write heals it')
  const view = (await client.query('SELECT epoch::int, drained, reason FROM cache_view')).rows[0]
  t.ok(view.epoch > 1_000_000, `an epoch above all others: ${view.epoch}`)
  await hit()
  t.equal((await get()).json().data.confidence.min_confidence, 51)
})

t.test(
  'a document that is created again has a new time of its creation, a changed one keeps its own',
  async t => {
    const client = await connect(t, await createDatabase(t))
    const one = (from: number, content: string | null) => ({
      text: `SELECT apply_change('7', 'settings', $1::bigint, $1::bigint + 1, $2, '[]', 'x', 'put')`,
      values: [from, content],
    })
    const several = (from: number, content: string | null) => ({
      text: `SELECT apply_changes('{7}', '{settings}', ARRAY[$1::bigint], ARRAY[$1::bigint + 1], ARRAY[$2], '{[]}', '{x}', '{put}')`,
      values: [from, content],
    })
    const byHand = (_: number, content: string | null) => ({
      text: 'UPDATE documents SET data = $1',
      values: [content],
    })
    let version = 0
    const isNew = async (change: { text: string; values: unknown[] }) => {
      await client.query(change)
      version++
      const { rows } = await client.query(
        'SELECT version::int, created_at = updated_at AS new FROM documents',
      )
      t.equal(rows[0].version, version)
      return rows[0].new
    }
    await client.query(one(version++, '{}'))
    for (const change of [one, several, byHand]) {
      // A millisecond between the times.
      await client.query('SELECT pg_sleep(0.002)')
      t.notOk(await isNew(change(version, '{"a":1}')))
      t.notOk(await isNew(change(version, null)))
      t.ok(await isNew(change(version, '{}')))
    }
  },
)
