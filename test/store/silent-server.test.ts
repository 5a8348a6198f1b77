import type { ClientBase, Pool } from 'pg'
import t from 'tap'
import { DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import { Availability } from '../../src/store/availability.ts'
import { PostgresSequence } from '../../src/store/postgres-sequence.ts'
import { runReadCommitted } from '../../src/store/read-committed.ts'
import { Transaction } from '../../src/store/transaction.ts'

/** What node-postgres says when its own timeout ends a query: there is no SQLSTATE in it. */
const NO_ANSWER = new Error('Query read timeout')

type Sent = string | { text: string } | { callback(error?: unknown): void }

/** A pool with one connection; `answer` is what becomes of a statement. Several in one message are the text `batch`. */
function poolOf(answer: (text: string) => Promise<unknown>) {
  const asked: string[] = []
  const released: unknown[] = []
  const query = (sent: Sent) => {
    const text = typeof sent === 'string' ? sent : 'text' in sent ? sent.text : 'batch'
    asked.push(text)
    const answered = answer(text)
    if (typeof sent === 'object' && 'callback' in sent)
      answered.then(
        () => sent.callback(),
        error => sent.callback(error),
      )
    return answered
  }
  const ignore = () => {}
  const client = { query, on: ignore, off: ignore, release: (broken: unknown) => released.push(broken) }
  return { pool: { connect: async () => client, query } as unknown as Pool, client, asked, released }
}

t.test('a server that does not answer is not asked for a ROLLBACK: one timeout, not two', async t => {
  const first = poolOf(() => Promise.reject(NO_ANSWER))
  const begin = Transaction.begin(first.pool, new Availability(), async () => {})
  await t.rejects(begin, DatabaseUnavailableError)
  t.strictSame(first.asked, ['batch'])
  t.strictSame(first.released, [true], 'the connection is given up')

  const second = poolOf(text => (text === 'batch' ? Promise.resolve() : Promise.reject(NO_ANSWER)))
  const { transaction } = await Transaction.begin(second.pool, new Availability(), async () => {})
  await t.rejects(transaction.run(client => client.query('SELECT 1')))
  await transaction.rollback()
  t.strictSame(second.asked, ['batch', 'SELECT 1'])
  t.strictSame(second.released, [true])

  const refused = Object.assign(new Error('no such table'), { severity: 'ERROR', code: '42P01' })
  const third = poolOf(text => (text === 'SELECT 1' ? Promise.reject(refused) : Promise.resolve()))
  const sound = await Transaction.begin(third.pool, new Availability(), async () => {})
  await t.rejects(sound.transaction.run(client => client.query('SELECT 1')))
  await sound.transaction.rollback()
  t.strictSame(third.asked, ['batch', 'SELECT 1', 'ROLLBACK'], 'one that refused is')
  t.strictSame(third.released, [false])

  const { client, asked } = poolOf(() => Promise.reject(NO_ANSWER))
  const statement = { name: 'one', text: 'SELECT 1', values: [] }
  await t.rejects(runReadCommitted(client as unknown as ClientBase, statement), NO_ANSWER)
  t.strictSame(asked, ['batch'], 'nor after a statement in a transaction of its own')
})

t.test(
  'order numbers and their Idempotency-Keys do not wait for a database that is known to be away',
  async t => {
    const { pool, asked } = poolOf(() => new Promise(() => {}))
    const availability = new Availability()
    const sequence = new PostgresSequence(pool, availability)
    const day = { userId: '42', day: '20260106' }
    const works: (() => Promise<unknown>)[] = [
      () => sequence.find('42', 'key'),
      () => sequence.remember('42', 'key', { wanted: 1, reply: '{}' }),
      () => sequence.reserve(day, 1, 0, 0),
      () => sequence.draw(day, 1),
      () => sequence.highWater(day),
    ]
    const waiting = works.map(work => t.rejects(work(), DatabaseUnavailableError))
    const waitingFor = asked.length
    availability.failed(true)
    await Promise.all(waiting)
    for (const work of works) await t.rejects(work(), DatabaseUnavailableError)
    t.equal(asked.length, waitingFor, 'it was not asked again')
  },
)
