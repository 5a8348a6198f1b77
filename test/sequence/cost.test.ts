import t from 'tap'
import { startStack } from '../helper/gateway.ts'

const { gateway } = await startStack(t)

t.test('a number costs one round trip to Redis, and PostgreSQL is asked once per block', async t => {
  const draw = async (user: string, headers = {}) =>
    (await gateway.as(user, { method: 'POST', url: '/api/user/sequence', headers })).json()
  await draw('42')
  const { scripts, reads } = gateway.services.redis!
  const { pool } = gateway.services
  const scriptCalls = t.capture(scripts, 'call', scripts.call)
  const readCalls = t.capture(reads, 'read', reads.read)
  const queries = t.capture(pool, 'query', pool.query)
  for (let i = 2; i <= 200; i++) t.match(await draw('42'), { last: i, source: 'redis' })
  // The calls so far are given out once.
  const called = scriptCalls().map(({ args }) => (args as unknown[])[1])
  const named = (name: string) => called.filter(each => each === name).length
  const statements = queries().map(({ args }) => (args as unknown as [{ name?: string }])[0].name)
  const blocks = statements.filter(name => name === 'reserve-block').length
  t.ok(blocks >= 1 && blocks <= 8, `${blocks} blocks: they grow with demand`)
  t.equal(named('sequence-draw'), 199)
  t.equal(named('sequence-open'), blocks)
  t.equal(readCalls().length, 0, 'the time zone is remembered, the draw checks its version')
  t.strictSame([...new Set(statements)], ['reserve-block'])
})

t.test('an Idempotency-Key is of one user, and kept for ten minutes', async t => {
  const draw = async (user: string) =>
    (
      await gateway.as(user, {
        method: 'POST',
        url: '/api/user/sequence',
        headers: { 'idempotency-key': 'order-1' },
      })
    ).json()
  const first = await draw('44')
  await gateway.as('43', { method: 'POST', url: '/api/user/sequence', payload: { count: 7 } })
  t.equal((await draw('43')).first, 8, 'the same key of another user')
  t.strictSame(await draw('44'), first)
  const age = (minutes: number) =>
    gateway.services.pool.query(
      `UPDATE sequence_replies SET created_at = clock_timestamp() - make_interval(secs => $1::float8 * 60)`,
      [minutes],
    )
  await age(9.5)
  t.strictSame(await draw('44'), first)
  await age(10.1)
  t.ok((await draw('44')).first > first.last, 'forgotten: new numbers')
})
