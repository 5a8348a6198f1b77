import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const FOREIGN = ['job:1', 'user:42:mode:scalp', 'gateway:view', 'a:user:42:name']

const untilHit = (gateway: TestGateway) =>
  eventually('a hit', async () => {
    const { headers } = await gateway.as('42', { url: SCALP })
    return headers['cache-status'] === 'settings-gateway; hit'
  })

/** Everything of a gateway that makes a key. */
async function use(gateway: TestGateway, leverage: number): Promise<void> {
  await untilHit(gateway)
  const asked = await Promise.all([
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage } } }),
    gateway.as('42', { method: 'POST', url: '/api/user/sequence' }),
    gateway.as('42', { method: 'PUT', url: '/api/binance/positions', payload: [] }),
    gateway.as('42', { url: '/api/futures/ginie/decision-settings' }),
  ])
  t.same(
    asked.map(({ statusCode }) => statusCode),
    [200, 200, 204, 200],
  )
}

t.test('two gateways with prefixes of their own share a Redis with each other and with others', async t => {
  const [first, second, redis] = await Promise.all([createDatabase(t), createDatabase(t), startRedis(t)])
  await onRedis(redis.url, client => client.mset(FOREIGN.flatMap(key => [key, 'theirs'])))
  const start = (database: string, prefix: string) =>
    startGateway(t, {
      ...REDIS_OUTAGE,
      DATABASE_URL: database,
      REDIS_URL: redis.url,
      REDIS_KEY_PREFIX: prefix,
    })
  const [a, b] = await Promise.all([start(first, 'a:'), start(second, 'b:')])
  await use(a, 3)
  await use(b, 7)
  const keys = await onRedis(redis.url, client => client.keys('*'))
  t.strictSame(
    keys.filter(key => !/^[ab]:/.test(key)).sort(),
    FOREIGN.filter(key => !key.startsWith('a:')).sort(),
    'no key without a prefix is new',
  )
  for (const prefix of ['a:', 'b:']) {
    const names = keys.filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length))
    for (const name of ['user:42:mode:scalp', 'admin:defaults:all', 'binance:42:positions', 'gateway:view'])
      t.ok(names.includes(name), `${prefix}${name}`)
    t.ok(
      names.some(name => /^user:42:sequence:\d{8}$/.test(name)),
      'the mirror of the order numbers',
    )
  }
  const before = (await b.services.status.health()).cache.epoch
  const { epoch } = (await a.services.status.health()).cache
  await onRedis(redis.url, client => client.del('a:gateway:view', 'a:gateway:marker'))
  await eventually('a cold gate', async () => (await a.services.status.health()).cache.epoch > epoch)
  await untilHit(a)
  const leverage = async (gateway: TestGateway) =>
    (await gateway.as('42', { url: SCALP })).json().data.size.leverage
  t.equal(await leverage(a), 3)
  t.equal(await leverage(b), 7)
  const health = await b.services.status.health()
  t.equal(health.cache.epoch, before, 'the other one has not noticed')
  t.strictSame(health.warnings, [])
  t.strictSame((await a.services.status.health()).warnings, [])
  const theirs = await onRedis(redis.url, client => client.mget(FOREIGN))
  t.ok(theirs.every(value => value === 'theirs'))
})

t.test('no key of the gateway counts as one of another program', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const env = { DATABASE_URL: url, REDIS_URL: redis.url }
  await use(await startGateway(t, { ...REDIS_OUTAGE, ...env }), 3)
  const again = await startGateway(t, { ...REDIS_OUTAGE, ...env })
  await untilHit(again)
  t.strictSame((await again.services.status.health()).warnings, [])
})
