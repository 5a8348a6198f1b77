import t from 'tap'
import { startPostgres, startRedis } from '../helper/backends.ts'
import { eventually, PRODUCTION_TIMES, startGateway, type TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('PostgreSQL is killed under load and restarts', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  const read = () => gateway.as('42', { url: SCALP })
  const write = (min: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })
  t.equal((await write(41)).statusCode, 200)
  const statuses = new Set<number>()
  let loading = true
  const load = (async () => {
    while (loading) statuses.add((await read()).statusCode)
  })()
  await postgres.kill()
  const refused = await write(42)
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '1')
  t.match(refused.json(), { code: /DATABASE_UNAVAILABLE|COMMIT_UNKNOWN/ })
  await eventually('reads are marked unverified', async () => {
    const reply = await read()
    return reply.headers['cache-status'] === 'settings-gateway; hit; detail=unverified'
  })
  t.match((await gateway.as('42', { url: '/health' })).json(), {
    status: 'degraded',
    services: { database: { status: 'down' } },
    unverified: { from: 'redis', oldest_ms: Number },
  })
  await postgres.restart()
  await eventually('writes work again', async () => (await write(43)).statusCode === 200)
  await eventually('hits resume', async () => {
    const reply = await read()
    t.equal(reply.json().data.confidence.min_confidence, 43)
    return reply.headers['cache-status'] === 'settings-gateway; hit'
  })
  loading = false
  await load
  t.strictSame([...statuses], [200], 'no cached read ever failed')
})

t.test('as soon as /health says that the database is up, writes work', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    // The next renewal, which would find it out as well, is seconds away.
    ...{ LEASE_MS: '8000', LEASE_RENEW_MS: '2000', OFF_WAIT_MS: '9000', SHUTDOWN_TIMEOUT_MS: '12000' },
  })
  const write = (min: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })
  const database = async () => (await gateway.as('42', { url: '/health' })).json().services.database.status
  t.equal((await write(41)).statusCode, 200)
  await postgres.kill()
  await eventually('a renewal has failed', async () =>
    /^database_reached 0$/m.test((await gateway.as('42', { url: '/metrics' })).body),
  )
  await postgres.restart()
  await eventually('it is up', async () => (await database()) === 'up')
  t.equal((await write(43)).statusCode, 200)
})

t.test(
  'what an instance remembers of a user who was deleted is not given while the database is away',
  async t => {
    const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
    const stores = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, AUTO_PROVISION: 'false' }
    const gateways = await Promise.all([
      startGateway(t, { ...PRODUCTION_TIMES, ...stores }),
      startGateway(t, { ...PRODUCTION_TIMES, ...stores }),
    ])
    const [gateway, other] = gateways as [TestGateway, TestGateway]
    const ofAdmin = (options: object) => other.app.inject({ headers: ADMIN, ...options })
    for (const userId of ['42', '43'])
      t.equal(
        (await ofAdmin({ method: 'POST', url: '/api/users', payload: { user_id: userId } })).statusCode,
        201,
      )
    const urls = [SCALP, '/api/futures/ginie/decision-settings']
    for (const url of urls) {
      for (const userId of ['42', '43'])
        await eventually(
          `${url} of ${userId} is a hit`,
          async () => (await gateway.as(userId, { url })).headers['cache-status'] === 'settings-gateway; hit',
        )
    }
    t.equal((await ofAdmin({ method: 'DELETE', url: '/api/users/42' })).statusCode, 204)
    await gateway.services.redis!.reads.connections[0]!.client.del('user:43:mode:scalp')
    await postgres.kill()
    for (const url of urls) {
      t.equal((await gateway.as('42', { url })).statusCode, 503, url)
      const evicted = await gateway.as('43', { url })
      t.equal(evicted.headers['cache-status'], 'settings-gateway; hit; detail=unverified', url)
    }
  },
)

t.test('ON_DATABASE_OUTAGE=refuse', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    ON_DATABASE_OUTAGE: 'refuse',
  })
  await gateway.as('42', { url: SCALP })
  await postgres.kill()
  await eventually(
    'reads are refused',
    async () => (await gateway.as('42', { url: SCALP })).statusCode === 503,
  )
  const health = (await gateway.as('42', { url: '/health' })).json()
  t.equal(health.unverified, undefined)
  t.match(health.warnings.join(), /and so are settings/)
  await redis.kill()
  t.equal((await gateway.as('42', { url: SCALP })).statusCode, 503, 'and from memory neither')
})

t.test('the database is away at the start', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  await postgres.kill()
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  t.equal((await gateway.as('42', { url: '/health/live' })).statusCode, 200)
  t.equal((await gateway.as('42', { url: '/health/ready' })).statusCode, 503)
  await postgres.restart()
  await eventually(
    'it is ready',
    async () => (await gateway.as('42', { url: '/health/ready' })).statusCode === 200,
  )
  t.equal((await gateway.as('42', { url: SCALP })).statusCode, 200)
})
