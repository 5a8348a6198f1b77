import type { Writable } from 'node:stream'
import pg from 'pg'
import t, { type Test } from 'tap'
import { Batch, type Statement } from '../../src/store/batch.ts'
import { createDatabase } from '../helper/backends.ts'

const COUNT: Statement = { name: 'count', text: 'SELECT count(*)::int AS count FROM things', values: [] }
const READ: Statement = { name: 'read', text: 'SELECT size FROM things', values: [] }

async function connect(t: Test): Promise<pg.Client> {
  const client = new pg.Client(await createDatabase(t))
  await client.connect()
  t.teardown(() => client.end())
  return client
}

const divide = (by: number): Statement => ({
  name: 'divide',
  text: 'SELECT 12 / $1::int AS result',
  values: [String(by)],
})

/** The names of the statements that the server holds for the connection. */
async function parsed(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query('SELECT name FROM pg_prepared_statements ORDER BY name')
  return rows.map(({ name }) => name)
}

t.test('statements answer in their order, and are parsed once', async t => {
  const client = await connect(t)
  await client.query('CREATE TABLE things AS SELECT 7 AS size')
  for (let i = 0; i < 2; i++) {
    t.strictSame(await Batch.run(client, [divide(3), READ, COUNT, divide(4)]), [
      { command: 'SELECT 1', rows: [{ result: 4 }] },
      { command: 'SELECT 1', rows: [{ size: 7 }] },
      { command: 'SELECT 1', rows: [{ count: 1 }] },
      { command: 'SELECT 1', rows: [{ result: 3 }] },
    ])
    t.strictSame(await parsed(client), ['count', 'divide', 'read'])
  }
})

t.test('a statement that could not be parsed works when what it needs is there', async t => {
  const client = await connect(t)
  await t.rejects(Batch.run(client, [divide(3), READ, COUNT]), { code: '42P01' })
  t.strictSame(await parsed(client), ['divide'], 'none behind it was looked at')
  await client.query('CREATE TABLE things AS SELECT 7 AS size')
  const answers = await Batch.run(client, [divide(3), READ, COUNT])
  t.strictSame(
    answers.map(({ rows }) => rows[0]),
    [{ result: 4 }, { size: 7 }, { count: 1 }],
  )
})

t.test('a statement that failed while it ran is parsed anew', async t => {
  const client = await connect(t)
  for (let i = 0; i < 2; i++) {
    await t.rejects(Batch.run(client, [divide(0)]), { code: '22012' })
    t.match(await Batch.run(client, [divide(6)]), [{ rows: [{ result: 2 }] }])
  }
})

t.test('a statement that the server holds in vain is parsed anew the next time', async t => {
  const client = await connect(t)
  await client.query('CREATE TABLE things AS SELECT 7 AS size')
  const read = async () => (await Batch.run(client, [READ]))[0]!.rows
  t.strictSame(await read(), [{ size: 7 }])
  await client.query('ALTER TABLE things ALTER COLUMN size TYPE text')
  await t.rejects(read(), /cached plan must not change result type/)
  t.strictSame(await read(), [{ size: '7' }])
  // As a pooler does between two of its clients.
  await client.query('DEALLOCATE ALL')
  await t.rejects(read(), { code: '26000' })
  t.strictSame(await read(), [{ size: '7' }])
})

t.test('the connection is usable behind a failure, and a transaction in it is not', async t => {
  const client = await connect(t)
  await t.rejects(Batch.run(client, [divide(0), divide(1)]))
  t.strictSame((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }])
  await client.query('BEGIN')
  await t.rejects(Batch.run(client, [divide(0)]), { code: '22012' })
  await t.rejects(Batch.run(client, [divide(1)]), { code: '25P02' })
  await client.query('ROLLBACK')
  const waiting = [
    Batch.run(client, [divide(0)]),
    Batch.run(client, [divide(2)]),
    client.query('SELECT 2 AS two'),
  ]
  t.match(await Promise.allSettled(waiting), [
    { status: 'rejected', reason: { code: '22012' } },
    { status: 'fulfilled', value: [{ rows: [{ result: 6 }] }] },
    { status: 'fulfilled', value: { rows: [{ two: 2 }] } },
  ])
})

t.test('arrays arrive as they are, whatever is in them', async t => {
  const client = await connect(t)
  const arrays = [
    [],
    ['a'],
    [null, '', 'NULL', '"', '\\', '{"a":"b,c"}', '{}', 'é\u{1f600}\n'],
    [null],
    Array.from({ length: 2_000 }, (_, i) => 'x'.repeat(i)),
  ]
  for (const array of arrays) {
    const statement: Statement = { name: 'echo', text: 'SELECT $1::text[] AS array', values: [array] }
    t.strictSame(await Batch.run(client, [statement]), [{ command: 'SELECT 1', rows: [{ array }] }])
  }
  const sum: Statement = {
    name: 'sum',
    text: 'SELECT sum(n)::int AS sum FROM unnest($1::text[]::bigint[], $2::text[]) AS of (n, other)',
    values: [['1', null, '41'], null],
  }
  t.strictSame((await Batch.run(client, [sum]))[0]!.rows, [{ sum: 42 }])
})

t.test(
  'rows of a statement that is not described again have the same fields, none and several of them',
  async t => {
    const client = await connect(t)
    const rows: Statement = {
      name: 'rows',
      text: 'SELECT n, n::text AS text, NULL AS nothing FROM generate_series(1, $1::int) AS n',
      values: ['0'],
    }
    t.strictSame((await Batch.run(client, [rows]))[0]!.rows, [])
    for (const count of [1, 2]) {
      const [one, other] = await Batch.run(client, [
        { ...rows, values: [String(count)] },
        { ...rows, values: ['1'] },
      ])
      const row = (n: number) => ({ n, text: String(n), nothing: null })
      t.strictSame(one!.rows, [row(1), row(2)].slice(0, count))
      t.strictSame(other!.rows, [row(1)])
    }
  },
)

t.test('all but the last statement are answered before it', async t => {
  const client = await connect(t)
  await client.query('CREATE TABLE things AS SELECT 7 AS size')
  for (const by of [6, 0]) {
    const { answers, ended } = await Batch.runAhead(client, [divide(3), READ, divide(by)])
    t.match(answers, [{ rows: [{ result: 4 }] }, { rows: [{ size: 7 }] }])
    const { answers: all, error } = await ended
    if (by === 0) t.match(error, { code: '22012' })
    else t.equal(error, undefined)
    t.equal(all.length, by === 0 ? 2 : 3)
  }
})

t.test('nothing follows what failed', async t => {
  const client = await connect(t)
  await client.query('CREATE TABLE things AS SELECT 7 AS size')
  const insert: Statement = { name: 'insert', text: 'INSERT INTO things VALUES (8)', values: [] }
  await t.rejects(Batch.runAhead(client, [READ, divide(0), insert]), { code: '22012' })
  t.match(await Batch.run(client, [COUNT]), [{ rows: [{ count: 1 }] }])
})

t.test('the first answers come while the last statement waits', async t => {
  const client = await connect(t)
  await client.query('CREATE TABLE things AS SELECT 7 AS size')
  const lock = 'SELECT pg_advisory_lock(1)'
  const { host, port, user, password, database } = client
  const other = new pg.Client({ host, port, user: user!, password: password!, database: database! })
  t.teardown(() => other.end())
  await other.connect()
  await other.query(lock)
  const { answers, ended } = await Batch.runAhead(client, [READ, { name: 'lock', text: lock, values: [] }])
  t.match(answers, [{ rows: [{ size: 7 }] }])
  await other.query('SELECT pg_advisory_unlock(1)')
  t.equal((await ended).error, undefined)
})

t.test(
  'a batch leaves in one write: between two a stopped process would keep its locks for ever',
  async t => {
    const client = await connect(t)
    await client.query('CREATE TABLE things AS SELECT 7 AS size')
    const { stream } = (client as unknown as { connection: { stream: Writable } }).connection
    let writes = 0
    t.intercept(stream, '_writev', {
      value: (...args: Parameters<NonNullable<Writable['_writev']>>) => {
        writes++
        return (Object.getPrototypeOf(stream) as Writable)._writev!.apply(stream, args)
      },
    })
    t.intercept(stream, '_write', { value: () => t.fail('another write') })
    const { ended } = await Batch.runAhead(client, [READ, COUNT])
    t.equal((await ended).error, undefined)
    t.equal(writes, 1)
  },
)
