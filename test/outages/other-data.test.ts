import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, onServer, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const POSITIONS = '/api/binance/positions'
const UNVERIFIED = 'settings-gateway; hit; detail=unverified'

const untilStatus = (gateway: TestGateway, status: string) =>
  eventually(status, async () => {
    const { headers } = await gateway.as('42', { url: SCALP })
    return headers['cache-status'] === status
  })

t.test(
  'positions of another live database are not answered; a claim lasts longer than its lease',
  async t => {
    const [first, second, redis] = await Promise.all([createDatabase(t), createDatabase(t), startRedis(t)])
    const env = { REDIS_URL: redis.url, LEASE_MS: '3000', OFF_WAIT_MS: '3300' }
    const a = await startGateway(t, { ...REDIS_OUTAGE, ...env, DATABASE_URL: first })
    await untilStatus(a, 'settings-gateway; hit')
    const left = await onRedis(redis.url, client => client.pttl('gateway:owner'))
    t.ok(left > 3_000, `the claim of a lease of 3 s lasts ${left} ms`)
    const b = await startGateway(t, { ...REDIS_OUTAGE, REDIS_URL: redis.url, DATABASE_URL: second })
    await eventually('b sees the other one', async () =>
      (await b.services.status.health()).warnings.some(text => /another database/.test(text)),
    )
    t.equal((await a.as('42', { method: 'PUT', url: POSITIONS, payload: ['of the first'] })).statusCode, 204)
    t.equal((await a.as('42', { url: POSITIONS })).statusCode, 200)
    t.equal((await b.as('42', { url: POSITIONS })).statusCode, 404)
    t.equal((await b.as('42', { method: 'PUT', url: POSITIONS, payload: ['of the second'] })).statusCode, 204)
    t.strictSame((await a.as('42', { url: POSITIONS })).json(), ['of the first'])
  },
)

t.test('what another database has stored is not answered while PostgreSQL is away', async t => {
  const [database, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: database,
    REDIS_URL: redis.url,
    NEAR_CACHE_BYTES: '0',
  })
  await untilStatus(gateway, 'settings-gateway; hit')
  const server = new URL(database)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  const onPostgres = (text: string) => onServer(server.href, client => client.query(text))
  await onPostgres(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  t.teardown(() => onPostgres(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`))
  await onPostgres(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  await untilStatus(gateway, UNVERIFIED)
  // As another database leaves Redis that has taken it over: the names of the keys are the same.
  await onRedis(redis.url, async client => {
    const view = (await client.get('gateway:view'))!.split(' ')
    view[2] = 'abcdefabcdef-1-abcdef01'
    await client.set('gateway:view', view.join(' '))
  })
  t.equal((await gateway.as('42', { url: SCALP })).statusCode, 503)
})
