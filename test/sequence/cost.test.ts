import t from 'tap'
import { eventually, REDIS_OUTAGE, startStack } from '../helper/gateway.ts'

const { gateway } = await startStack(t, REDIS_OUTAGE)

/** How often requests took a connection to PostgreSQL. Jobs look for due work meanwhile, and the instance tells of itself. */
function ofRequests(calls: readonly { stack?: string | undefined }[]): number {
  return calls.filter(({ stack }) => !/src\/(jobs|fleet)\//.test(stack ?? '')).length
}

t.test('a number costs one round trip to Redis, and PostgreSQL is asked once per block', async t => {
  const draw = async (user: string, headers = {}) =>
    (await gateway.as(user, { method: 'POST', url: '/api/user/sequence', headers })).json()
  await draw('42')
  const { scripts, reads } = gateway.services.redis!
  const { pool } = gateway.services
  const scriptCalls = t.capture(scripts, 'call', scripts.call)
  const readCalls = t.capture(reads, 'read', reads.read)
  const connects = t.capture(pool, 'connect', pool.connect)
  for (let i = 2; i <= 200; i++) t.match(await draw('42'), { last: i, source: 'redis' })
  // The calls so far are given out once.
  const called = scriptCalls().map(({ args }) => (args as unknown[])[1])
  const named = (name: string) => called.filter(each => each === name).length
  const blocks = named('sequence-open')
  t.ok(blocks >= 1 && blocks <= 8, `${blocks} blocks: they grow with demand`)
  t.equal(named('sequence-draw'), 199)
  t.equal(ofRequests(connects()), blocks, 'PostgreSQL is asked for blocks alone')
  // The lease renewals read the marker.
  const others = readCalls().filter(({ args }) => String(args[0]) !== 'gateway:marker')
  t.equal(others.length, 0, 'the time zone is remembered, the draw checks its version')
})

t.test('draws that find the block used up at the same moment open one block, not one each', async t => {
  const draw = () => gateway.as('45', { method: 'POST', url: '/api/user/sequence' })
  await draw()
  const connects = t.capture(gateway.services.pool, 'connect', gateway.services.pool.connect)
  const replies = await Promise.all(Array.from({ length: 40 }, draw))
  const numbers = replies.map(reply => reply.json().last).sort((a, b) => a - b)
  t.strictSame(
    numbers,
    Array.from({ length: 40 }, (_, index) => index + 2),
    'and no number is burned',
  )
  t.equal(ofRequests(connects()), 1)
})

t.test('a block does not grow because the view changes', async t => {
  const draw = () => gateway.as('46', { method: 'POST', url: '/api/user/sequence' })
  const size = async () => {
    const { rows } = await gateway.services.pool.query<{ block_size: number }>(
      `SELECT block_size FROM sequences WHERE user_id = '46'`,
    )
    return rows[0]?.block_size
  }
  await draw()
  t.equal(await size(), 16)
  for (let i = 0; i < 3; i++) {
    const { epoch } = (await gateway.services.status.health()).cache
    await gateway.services.redis!.scriptConnection.client.flushall()
    await eventually('another view', async () => {
      const { cache } = await gateway.services.status.health()
      return cache.mode === 'on' && cache.epoch > epoch
    })
    t.match((await draw()).json(), { source: 'redis' })
    t.ok(Number(await size()) <= 16)
  }
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
