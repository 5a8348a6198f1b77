import t from 'tap'
import { dayIn } from '../../src/sequence/day.ts'
import {
  eventually,
  REDIS_OUTAGE,
  redisOf,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'

const URL = '/api/user/sequence'
const draw = async (gateway: TestGateway, payload?: object, headers = {}) =>
  (
    await gateway.as('42', {
      method: 'POST',
      url: URL,
      headers,
      ...(payload === undefined ? {} : { payload }),
    })
  ).json()

t.test('numbers start at 1 and ascend', async t => {
  const { gateway } = await startStack(t)
  await gateway.as('42', { url: '/api/user/settings' })
  t.match((await gateway.as('42', { url: URL })).json(), { user_id: '42', sequence: 0 })
  t.match(await draw(gateway), {
    user_id: '42',
    sequence: 1,
    first: 1,
    last: 1,
    source: 'redis',
    date: dayIn('UTC', Date.now()),
  })
  t.match(await draw(gateway, { count: 5 }), { first: 2, last: 6, sequence: 6 })
  t.match(await draw(gateway, {}), { first: 7, last: 7 })
  t.match((await gateway.as('42', { url: URL })).json(), { sequence: 7 })
  const client = redisOf(gateway)
  const key = `user:42:sequence:${dayIn('UTC', Date.now())}`
  t.equal(await client.get(key), '7', 'a plain integer')
  const ttl = await client.pttl(key)
  t.ok(ttl > 47 * 3_600_000 && ttl <= 48 * 3_600_000)
  for (const payload of [{ count: 0 }, { count: 1001 }, { count: '5' }, { count: 1.5 }, { n: 1 }]) {
    t.equal((await draw(gateway, payload)).status, 400, JSON.stringify(payload))
  }
})

t.test('a retry with an Idempotency-Key gets the same numbers', async t => {
  const { gateway } = await startStack(t)
  const key = { 'idempotency-key': 'order-1' }
  const first = await draw(gateway, { count: 3 }, key)
  t.strictSame(await draw(gateway, { count: 3 }, key), first)
  t.match(await draw(gateway, { count: 4 }, key), { status: 409, code: 'CONFLICT' })
  const both = await Promise.all([
    draw(gateway, {}, { 'idempotency-key': 'x' }),
    draw(gateway, {}, { 'idempotency-key': 'x' }),
  ])
  t.strictSame(both[0], both[1], 'two retries at once')
  t.not((await draw(gateway)).sequence, first.sequence)
  t.equal((await draw(gateway, {}, { 'idempotency-key': ' ' })).status, 400)
})

t.test('the day is that of the user', async t => {
  const { gateway } = await startStack(t)
  for (const timezone of ['Asia/Kolkata', 'America/New_York', 'Pacific/Kiritimati', 'Pacific/Midway']) {
    await gateway.as('42', { method: 'PUT', url: '/api/user/settings/trading', payload: { timezone } })
    t.equal((await draw(gateway)).date, dayIn(timezone, Date.now()), timezone)
  }
  const evening = Date.parse('2026-01-06T18:29:59.999Z')
  t.equal(dayIn('Asia/Kolkata', evening), '20260106')
  t.equal(dayIn('Asia/Kolkata', evening + 1), '20260107')
  t.equal(dayIn('America/New_York', Date.parse('2026-01-06T04:59:59.999Z')), '20260105')
  t.equal(dayIn('America/New_York', Date.parse('2026-01-06T05:00:00.000Z')), '20260106')
})

t.test('no number twice while Redis dies, comes back older, and is flushed', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  const other = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: gateway.databaseUrl,
    REDIS_URL: redis.url,
  })
  const seen: number[] = []
  let drawing = true
  const drawers = [gateway, other, gateway, other].map(async instance => {
    while (drawing) {
      const reply = await draw(instance, { count: 2 })
      if (reply.first !== undefined) seen.push(reply.first, reply.last)
      else throw new Error(JSON.stringify(reply))
    }
  })
  const grown = async (by: number) => {
    const from = seen.length
    await eventually('numbers are drawn', () => seen.length > from + by)
  }
  await grown(200)
  await redis.kill()
  await grown(100)
  await redis.restart()
  await eventually('the view is ON', async () => (await gateway.services.status.health()).cache.mode === 'on')
  await grown(100)
  await redisOf(gateway).flushall()
  await grown(100)
  drawing = false
  await Promise.all(drawers)
  t.equal(new Set(seen).size, seen.length, `${seen.length} numbers, none twice`)
})

t.test('without Redis numbers come from the database', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  const before = await draw(gateway)
  await redis.kill()
  const after = await draw(gateway)
  t.equal(after.source, 'database')
  t.ok(after.first > before.last)
  t.equal((await gateway.as('42', { url: URL })).json().sequence, after.last)
})
