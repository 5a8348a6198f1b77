import pg from 'pg'
import t from 'tap'
import { parsePoint } from '../../src/events/change-point.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { listen } from '../helper/event-source.ts'
import { eventually, SHORT_LEASE, startGateway, startStack, type TestGateway } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

function put(gateway: TestGateway, user: string, min: number) {
  return gateway.as(user, { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })
}

t.test('changes through either of two instances, and those of psql', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const env = { DATABASE_URL: url, REDIS_URL: redis.url }
  const [one, two] = [
    await startGateway(t, { ...SHORT_LEASE, ...env }),
    await startGateway(t, { ...SHORT_LEASE, ...env }),
  ]
  await one.as('42', { url: SCALP })
  const source = await listen(t, one.url, '42')
  t.equal(source.status, 200)
  t.equal(source.headers['content-type'], 'text/event-stream; charset=utf-8')
  t.ok(source.headers['x-request-id'])
  await put(two, '42', 41)
  await eventually('the other instance is heard of', () => source.events.length === 1)
  await put(one, '42', 42)
  await eventually('the same instance is heard of', () => source.events.length === 2)
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`UPDATE documents SET data = data WHERE user_id = '42' AND kind = 'llm_config'`)
  await client.end()
  await eventually('psql is heard of', () => source.events.length === 3)
  await redis.kill()
  await put(two, '42', 43)
  await eventually('without Redis too', () => source.events.length === 4)
  t.strictSame(
    source.events.map(({ event, data }) => ({ event, data })),
    [
      { event: 'change', data: { document: 'mode.scalp', version: 2 } },
      { event: 'change', data: { document: 'mode.scalp', version: 3 } },
      { event: 'change', data: { document: 'llm_config', version: 2 } },
      { event: 'change', data: { document: 'mode.scalp', version: 4 } },
    ],
  )
  const positions = source.events.map(({ id }) => Number(id.split('-')[1]))
  t.strictSame(
    positions,
    positions.toSorted((a, b) => a - b),
    'ids grow',
  )
})

const { gateway } = await startStack(t, SHORT_LEASE)

t.test('a transaction that began earlier and commits later is told too, and once', async t => {
  await gateway.as('100', { url: SCALP })
  const source = await listen(t, gateway.url, '100')
  const client = new pg.Client(gateway.databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  await client.query('BEGIN')
  await client.query(`UPDATE documents SET data = data WHERE user_id = '100' AND kind = 'llm_config'`)
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
  await put(gateway, '100', 41)
  await eventually('the later one is told', () => source.events.length === 1)
  const [first] = source.events
  // Other test files have transactions on the same server.
  t.ok(parsePoint(first!.id)!.running.includes(BigInt(rows[0]!.xid)), 'its id knows of the one under way')
  await client.query('COMMIT')
  await eventually('the earlier one is told', () => source.events.length === 2)
  t.strictSame(source.events[1]!.data, { document: 'llm_config', version: 2 })
  const resumed = await listen(t, gateway.url, '100', { 'last-event-id': first!.id })
  await eventually('the resumed one hears of it', () => resumed.events.length === 1)
  t.strictSame(resumed.events[0]!.data, { document: 'llm_config', version: 2 })
})

t.test('who comes back is told what was missed', async t => {
  await gateway.as('101', { url: SCALP })
  const source = await listen(t, gateway.url, '101')
  await eventually('an id comes at once', () => source.lastId !== '')
  const id = source.lastId
  source.close()
  await put(gateway, '101', 41)
  await put(gateway, '101', 42)
  await gateway.as('101', { method: 'POST', url: '/api/futures/ginie/safety-settings/ultra/load-defaults' })
  await gateway.as('101', { method: 'PUT', url: '/api/user/settings/trading', payload: {} })
  const resumed = await listen(t, gateway.url, '101', { 'last-event-id': id })
  await eventually('the change is told', () => resumed.events.length > 0)
  await put(gateway, '101', 43)
  await eventually('the next one follows', () => resumed.events.length > 1)
  t.strictSame(
    resumed.events.map(({ data }) => data),
    [
      { document: 'mode.scalp', version: 3 },
      { document: 'mode.scalp', version: 4 },
    ],
    'once, with its newest version',
  )
  for (const unknown of [
    '7',
    'garbage',
    '00000000-5',
    `${id.split('-')[0]}-99999999999`,
    'x'.repeat(5_000),
  ]) {
    const lost = await listen(t, gateway.url, '101', { 'last-event-id': unknown })
    await eventually('it must read again', () => lost.events.length > 0)
    t.strictSame(
      lost.events.map(({ event, data }) => ({ event, data })),
      [{ event: 'resync', data: {} }],
    )
    t.match(lost.lastId, /^[0-9a-f]{8}-\d+/)
    lost.close()
  }
})

t.test('nobody hears of another user, and nothing of the content', async t => {
  for (const user of ['u42', 'u43']) await gateway.as(user, { url: SCALP })
  const [mine, others] = [await listen(t, gateway.url, 'u42'), await listen(t, gateway.url, 'u43')]
  await gateway.as('u42', {
    method: 'PUT',
    url: '/api/futures/ginie/llm-config',
    payload: { model: 'secret-model-name' },
  })
  await put(gateway, 'u44', 47)
  await eventually('the owner hears', () => mine.events.length === 1)
  await put(gateway, 'u43', 41)
  await eventually('the other user hears of their own', () => others.events.length === 1)
  t.strictSame(others.events[0]!.data, { document: 'mode.scalp', version: 2 })
  t.equal(mine.events.length, 1)
  t.notMatch(mine.text, /secret-model-name|service:bot/)
  const foreign = await listen(t, gateway.url, 'u42', bearer('u43'))
  t.equal(foreign.status, 403, 'a user may not listen for somebody else')
  const nobody = await listen(t, gateway.url, 'u42', { authorization: 'Bearer nonsense' })
  t.equal(nobody.status, 401)
})

t.test('deleting a user is told as such', async t => {
  await gateway.as('102', { url: SCALP })
  const source = await listen(t, gateway.url, '102')
  await gateway.as('102', { method: 'DELETE', url: '/api/users/102', headers: bearer('7', 'admin') })
  await eventually('all documents are told', () => source.events.length >= 13)
  t.ok(source.events.every(({ data }) => (data as { deleted?: boolean }).deleted === true))
})

t.test('without the user: 404 when users are not created in passing', async t => {
  const { gateway } = await startStack(t, { ...SHORT_LEASE, AUTO_PROVISION: 'false' })
  t.equal((await listen(t, gateway.url, '42')).status, 404)
})

t.test('the stream ends with the token', async t => {
  const source = await listen(t, gateway.url, '103', bearer('103', undefined, 4))
  t.equal(source.status, 200)
  await eventually('it ends', () => source.ended)
  t.strictSame(
    source.events.map(({ event }) => event),
    ['reconnect'],
  )
  t.match(source.text, /^retry: \d+$/m)
})

t.test('too many listeners are refused', async t => {
  const { gateway } = await startStack(t, { ...SHORT_LEASE, EVENT_LISTENERS_MAX: '2' })
  for (const user of ['1', '2', '3']) await gateway.as(user, { url: SCALP })
  const [first] = [await listen(t, gateway.url, '1'), await listen(t, gateway.url, '2')]
  const refused = await listen(t, gateway.url, '3')
  t.equal(refused.status, 503)
  t.equal(refused.headers['retry-after'], '5')
  first!.close()
  await eventually('there is room again', async () => (await listen(t, gateway.url, '3')).status === 200)
})
