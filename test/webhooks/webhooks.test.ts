import { Writable } from 'node:stream'
import t from 'tap'
import { keyOf, sign } from '../../src/webhooks/signature.ts'
import { createDatabase, onServer } from '../helper/backends.ts'
import { eventually, PRODUCTION_TIMES, SHORT_LEASE, startGateway, startStack } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'
import { ADMIN } from '../helper/tokens.ts'
import { type Receiver, SECRET, startReceiver } from './receiver.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const put = (min: number) => ({
  method: 'PUT' as const,
  url: SCALP,
  payload: { confidence: { min_confidence: min } },
})
const webhookTo = ({ url }: Receiver) => ({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET })
/** Changes of that document, as `user version`. */
const scalpsOf = ({ received }: Receiver) =>
  received
    .filter(({ data }) => data.document === 'mode.scalp')
    .map(({ data }) => `${data.user_id} ${data.version}`)
const claimed = `SELECT FROM webhook_cursor WHERE claimed_until > clock_timestamp()`

t.test('two gateways tell one receiver', async t => {
  const receiver = await startReceiver(t)
  const lines: string[] = []
  const logStream = new Writable({
    write: (line, _encoding, done) => {
      lines.push(String(line))
      done()
    },
  })
  // Nothing is hurt, and after an edit by hand writes wait no longer than this.
  const env = { ...SHORT_LEASE, ...webhookTo(receiver), LOG_LEVEL: 'info' }
  const { gateway, redis } = await startStack(t, env, { logStream })
  const second = await startGateway(
    t,
    { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url, ...env },
    { logStream },
  )
  const { pool } = gateway.services
  const has = (type: string) => receiver.received.find(event => event.type === type)
  await eventually('an instance tells', async () => (await pool.query(claimed)).rowCount === 1)

  await t.test('a change, signed', async t => {
    t.equal((await gateway.as('42', put(41))).statusCode, 200)
    await eventually('it is told', () => scalpsOf(receiver).includes('42 2'))
    const event = receiver.received.find(({ data }) => data.document === 'mode.scalp' && data.version === 2)!
    const { headers, body, id } = event
    t.equal(headers['content-type'], 'application/json')
    const timestamp = Number(headers['webhook-timestamp'])
    t.ok(Math.abs(timestamp - Date.now() / 1_000) < 300)
    t.equal(headers['webhook-signature'], sign(keyOf(SECRET), id, timestamp, body))
    t.match(event, {
      type: 'document.changed',
      timestamp: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
      data: { user_id: '42', document: 'mode.scalp', version: 2, reason: 'put', updated_by: 'service:bot' },
    })
    t.notOk(id.includes('.'))
  })

  await t.test('changes by both, each once and in order', async t => {
    for (let min = 42; min < 50; min++) await (min % 2 === 0 ? gateway : second).as('43', put(min))
    await eventually('the last is told', () => scalpsOf(receiver).includes('43 9'))
    // A busy machine may miss the time limit of a try.
    const tries = receiver.received.map(({ id }) => id)
    if (!lines.some(line => line.includes('did not take')))
      t.equal(new Set(tries).size, tries.length, 'no event twice')
    // Changes between two looks are told together, with the newest version.
    const versions = receiver.received
      .filter(({ id, data }, index) => data.user_id === '43' && tries.indexOf(id) === index)
      .filter(({ data }) => data.document === 'mode.scalp')
      .map(({ data }) => Number(data.version))
    t.strictSame(
      versions,
      [...new Set(versions)].sort((a, b) => a - b),
    )
  })

  await t.test('a receiver that fails gets the same event again', async t => {
    receiver.status = 500
    const before = receiver.received.length
    t.equal((await gateway.as('44', put(50))).statusCode, 200)
    await eventually('it was tried twice', () => receiver.received.length >= before + 2)
    receiver.status = 200
    await eventually('it is told', () => scalpsOf(receiver).includes('44 2'))
    const [first, again] = receiver.received.slice(before)
    t.equal(first!.id, again!.id)
    t.equal(first!.body, again!.body)
    t.match((await gateway.as('44', { url: '/metrics' })).body, 'webhook_tries_total')
  })

  await t.test('a change of the defaults, and the end of a user', async t => {
    const { statusCode } = await gateway.as('44', {
      method: 'PUT',
      url: '/api/admin/defaults',
      headers: ADMIN,
      payload: { mode_configs: { scalp: { confidence: { min_confidence: 33 } } } },
    })
    t.equal(statusCode, 200)
    await eventually('the defaults are told', () => has('defaults.changed') !== undefined)
    t.equal(has('defaults.changed')!.data.user_id, undefined)
    await gateway.as('44', { method: 'DELETE', url: '/api/users/44', headers: ADMIN })
    await eventually('the end is told', () =>
      receiver.received.some(
        ({ type, data }) =>
          type === 'document.deleted' && data.document === 'mode.scalp' && data.user_id === '44',
      ),
    )
  })

  await t.test('ends of schedules', async t => {
    const plan = async (at: string, leverage: number) =>
      (
        await gateway.as('45', {
          method: 'POST',
          url: `${SCALP}/schedule`,
          payload: { at, data: { size: { leverage } } },
        })
      ).json().id
    const done = await plan(new Date(Date.now() + 1_000).toISOString(), 3)
    const cancelled = await plan(new Date(Date.now() + 3_600_000).toISOString(), 4)
    await gateway.as('45', { method: 'DELETE', url: `/api/user/settings/schedule/${cancelled}` })
    const of = (id: string) =>
      receiver.received.filter(({ type, data }) => type.startsWith('schedule.') && data.id === id)
    await eventually('both are told', () => of(done).length > 0 && of(cancelled).length > 0)
    t.match(of(done), [
      { type: 'schedule.ended', data: { user_id: '45', document: 'mode.scalp', state: 'done' } },
    ])
    t.match(of(cancelled), [{ type: 'schedule.ended', data: { state: 'cancelled' } }])
    await eventually(
      'nothing waits',
      async () => (await pool.query('SELECT FROM webhook_events')).rowCount === 0,
    )
  })

  await t.test('the end of a bulk change', async t => {
    const { statusCode, body } = await gateway.as('45', {
      method: 'POST',
      url: '/api/admin/bulk-changes',
      headers: ADMIN,
      payload: { document: 'mode.scalp', data: { size: { leverage: 5 } }, reason: 'less risk' },
    })
    t.equal(statusCode, 202, body)
    await eventually('it is told', () => has('bulk.ended') !== undefined)
    t.match(has('bulk.ended')!.data, {
      id: JSON.parse(body).id,
      document: 'mode.scalp',
      state: 'done',
      reason: 'less risk',
    })
    await eventually('its changes are told', () =>
      receiver.received.some(({ data }) => data.user_id === '45' && data.reason === 'bulk'),
    )
  })

  await t.test('what is too old is dropped, and said so', async t => {
    const before = receiver.received.length
    receiver.status = 500
    t.equal((await gateway.as('46', put(70))).statusCode, 200)
    await eventually('an event waits', () => receiver.received.length > before)
    await gateway.as('47', put(71))
    await onServer(gateway.databaseUrl, client =>
      client.query(
        `BEGIN; SELECT set_config('gateway.writer', 'on', true);
         UPDATE documents SET updated_at = updated_at - interval '25 hours' WHERE user_id = '47'; COMMIT`,
      ),
    )
    receiver.status = 200
    await gateway.as('48', put(72))
    await eventually('a later one is told', () => scalpsOf(receiver).includes('48 2'))
    t.notOk(receiver.received.some(({ data }) => data.user_id === '47'))
    const bodies = await Promise.all([gateway, second].map(each => each.as('48', { url: '/metrics' })))
    t.match(
      bodies.map(({ body }) => body).join('\n'),
      /webhooks_dropped_total\{type="document.changed",cause="too-old"\} \d/,
    )
    t.match(lines.join(''), /webhooks were dropped/)
  })

  await t.test('a change by hand', async () => {
    await onServer(gateway.databaseUrl, client =>
      client.query(
        `UPDATE documents SET data = jsonb_set(data, '{confidence,min_confidence}', '61')
         WHERE user_id = '45' AND kind = 'mode.scalp'`,
      ),
    )
    await eventually('the edit is told', () =>
      receiver.received.some(({ data }) => data.user_id === '45' && data.reason === 'sql'),
    )
  })

  await t.test('the log names neither the secret nor the address', async t => {
    t.match(lines.join(''), 'the receiver of webhooks did not take an event')
    t.notMatch(lines.join(''), /whsec|in-the-address|MfKQ9r8/)
  })
})

t.test('kill -9 in the middle loses nothing', async t => {
  const receiver = await startReceiver(t, 'silent')
  const database = await createDatabase(t)
  const env = { DATABASE_URL: database, ...webhookTo(receiver) }
  const first = await startInstance(t, env)
  await onServer(database, async client => {
    await eventually('it tells', async () => (await client.query(claimed)).rowCount === 1)
  })
  const writer = await startGateway(t, { DATABASE_URL: database })
  const users = Array.from({ length: 5 }, (_, i) => `u${i}`)
  for (const user of users) t.equal((await writer.as(user, put(41))).statusCode, 200)
  await eventually('the first event is under way', () => receiver.received.length > 0)
  process.kill(first.pid, 'SIGKILL')
  receiver.status = 200
  // As if its claim had ended.
  await onServer(database, client => client.query(`UPDATE webhook_cursor SET claimed_until = '-infinity'`))
  await startGateway(t, env)
  for (const user of users)
    await eventually(`${user} is told`, () => scalpsOf(receiver).includes(`${user} 2`))
})

t.test('an outage of Redis is told by the instance that sees it', async t => {
  const receiver = await startReceiver(t)
  const { gateway, redis } = await startStack(t, { ...PRODUCTION_TIMES, ...webhookTo(receiver) })
  const has = (type: string) => receiver.received.find(event => event.type === type)
  await redis.kill()
  let min = 40
  await eventually('both are told', async () => {
    min = min === 40 ? 41 : 40
    // A write turns the cache off that does not reach Redis.
    await gateway.as('42', put(min))
    return has('breaker.opened') !== undefined && has('cache.off') !== undefined
  })
  t.type(has('cache.off')!.data.reason, 'string')
  t.type(has('cache.off')!.data.instance, 'string')
  const before = receiver.received.length
  await redis.restart()
  await eventually('the way back is told', () =>
    receiver.received.slice(before).some(({ type }) => type === 'cache.on'),
  )
})
