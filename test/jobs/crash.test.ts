import t from 'tap'
import { startStack } from '../chaos/stack.ts'
import { eventually, JWT_SECRET } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HOUR_MS = 3_600_000

/** What the tests look at. */
interface Answer {
  readonly id: string
  readonly status: string
  readonly data: { readonly size: { readonly leverage: number } }
}

/** Where the instance that carries out a due step is killed, and whether its write took place. */
const CASES = [
  { step: 'write.fenced', stored: false, leverage: 3 },
  { step: 'write.committed', stored: true, leverage: 4 },
]

t.test('a due change happens once, and a bulk change once for each user, whatever is killed', async t => {
  const stack = await startStack(t, { gateways: 2, clients: ['c0'], env: { JWT_SECRET } })
  const [first, second] = stack.gateways.map(({ process }) => process)
  const ask = async (method: string, path: string, body?: object, headers = {}, url = second!.url) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${stack.tokens.c0}`,
        'x-user-id': '42',
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Answer
  }
  const plan = async (leverage: number) =>
    (
      await ask('POST', `${SCALP}/schedule`, {
        at: new Date(Date.now() + HOUR_MS).toISOString(),
        data: { size: { leverage } },
      })
    ).id
  const sql = (text: string, values: unknown[] = []) =>
    stack.sql(async client => (await client.query(text, values)).rows)
  const makeDue = (id: string) => sql('UPDATE schedules SET due_at = clock_timestamp() WHERE id = $1', [id])
  const stateOf = async (id: string) =>
    (await sql('SELECT state FROM schedules WHERE id = $1', [id]))[0].state as string
  const isDone = (id: string) => eventually(`${id} is done`, async () => (await stateOf(id)) === 'done')
  const values = async () =>
    (
      await sql(
        `SELECT changes -> 0 ->> 'to' AS value FROM document_history
         WHERE user_id = '42' AND kind = 'mode.scalp' AND reason = 'schedule' ORDER BY version`,
      )
    ).map(({ value }) => Number(value))

  for (const { step, stored, leverage } of CASES) {
    await t.test(`kill -9 at ${step}`, async t => {
      const id = await plan(leverage)
      // So that the other one carries it out.
      second!.freeze()
      const reached = new Promise<void>(resolve => first!.holdAt(step, resolve))
      await makeDue(id)
      await reached
      await first!.kill()
      await eventually('PostgreSQL has ended the transaction', async () => {
        const open = await sql(
          `SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()`,
        )
        return open.length === 0
      })
      t.equal(await stateOf(id), stored ? 'done' : 'waiting')
      second!.thaw()
      // As if its lease had ended.
      await sql(`UPDATE schedules SET claimed_until = '-infinity' WHERE state = 'waiting'`)
      await isDone(id)
      t.equal((await values()).filter(value => value === leverage).length, 1)
      t.equal((await ask('GET', SCALP)).data.size.leverage, leverage)
      await first!.start()
    })
  }

  await t.test('what fell due while nothing ran is done at the start, in order', async t => {
    const ids = [await plan(5), await plan(6), await plan(7)]
    await Promise.all([first!.kill(), second!.kill()])
    // The last one planned was due first.
    await sql(
      `UPDATE schedules SET due_at = clock_timestamp() - make_interval(secs => array_position($1::text[], id))
       WHERE id = ANY ($1)`,
      [ids],
    )
    await Promise.all([first!.start(), second!.start()])
    for (const id of ids) await isDone(id)
    t.strictSame(await values(), [3, 4, 7, 6, 5])
  })

  await t.test('kill -9 in the middle of a bulk change', async t => {
    const ids = Array.from({ length: 40 }, (_, index) => `bulk-${index}`)
    for (const userId of ids) await ask('GET', SCALP, undefined, { 'x-user-id': userId })
    second!.freeze()
    const reached = new Promise<void>(resolve => first!.holdAt('write.committed', resolve))
    const body = { document: 'mode.scalp', data: { size: { leverage: 2 } }, reason: 'a test' }
    const { id } = await ask('POST', '/api/admin/bulk-changes', body, ADMIN, first!.url)
    await reached
    await first!.kill()
    const [left] = await sql(`SELECT count(*)::int AS count FROM bulk_users WHERE state = 'pending'`)
    t.not(left.count, 0, 'not all are changed')
    second!.thaw()
    // As if its claim had ended.
    await sql(`UPDATE bulk_changes SET claimed_until = '-infinity'`)
    await eventually('it is done', async () => {
      const [{ state }] = await sql('SELECT state FROM bulk_changes WHERE id = $1', [id])
      return state === 'done'
    })
    const lines = await sql(
      `SELECT user_id, count(*)::int AS lines FROM document_history WHERE reason = 'bulk' GROUP BY user_id`,
    )
    t.strictSame(
      [lines.length, lines.filter(each => each.lines !== 1)],
      [ids.length + 1, []],
      'each user once: also the one of the other tests',
    )
    t.equal((await ask('GET', SCALP, undefined, { 'x-user-id': ids[0] })).data.size.leverage, 2)
    await first!.start()
  })

  await t.test('due while PostgreSQL is away', async t => {
    const id = await plan(8)
    await sql(`UPDATE schedules SET due_at = clock_timestamp() + interval '1 second' WHERE id = $1`, [id])
    await stack.postgres.kill()
    await eventually('a gateway knows', async () => (await ask('GET', '/health')).status === 'degraded')
    await stack.postgres.restart()
    await isDone(id)
    t.strictSame(await values(), [3, 4, 7, 6, 5, 8])
  })
})
