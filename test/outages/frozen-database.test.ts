import t from 'tap'
import { startPostgres, startRedis } from '../helper/backends.ts'
import { eventually, PRODUCTION_TIMES, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('PostgreSQL is frozen: it takes connections and answers nothing', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  const read = (url = SCALP) => gateway.as('42', { url })
  const write = (min: number, method: 'PUT' | 'POST' = 'PUT') =>
    gateway.as('42', {
      method,
      url: method === 'PUT' ? SCALP : `${SCALP}/load-defaults`,
      ...(method === 'PUT' ? { payload: { confidence: { min_confidence: min } } } : {}),
    })
  t.equal((await write(41)).statusCode, 200)
  const decision = '/api/futures/ginie/decision-settings'
  await eventually('all of it is a hit', async () => {
    const replies = await Promise.all([read(), read(decision)])
    return replies.every(({ headers }) => headers['cache-status'] === 'settings-gateway; hit')
  })
  const cached = (await read()).body
  postgres.freeze()
  t.teardown(() => postgres.thaw())
  // They end, all of them, while it is still frozen.
  const writes = await Promise.all(Array.from({ length: 30 }, (_, i) => write(42, i % 2 ? 'PUT' : 'POST')))
  for (const reply of writes) {
    t.equal(reply.statusCode, 503)
    t.ok(Number(reply.headers['retry-after']) > 0)
    t.match(reply.json(), { code: /^(DATABASE_UNAVAILABLE|COMMIT_UNKNOWN)$/ })
  }
  await eventually('cached reads go on, marked unverified', async () => {
    const reply = await read()
    t.equal(reply.body, cached)
    return reply.headers['cache-status'] === 'settings-gateway; hit; detail=unverified'
  })
  t.equal((await read(decision)).statusCode, 200)
  t.equal((await gateway.as('99', { url: SCALP })).statusCode, 503, 'what is not cached')
  // A busy machine may be late with the PING of Redis as well, for a moment.
  await eventually('only the database is away', async () => {
    const health = await gateway.as('42', { url: '/health' })
    const { status, services } = health.json()
    t.equal(services.database.status, 'down')
    return health.statusCode === 200 && status === 'degraded'
  })
  postgres.thaw()
  await eventually('writes work again', async () => (await write(43)).statusCode === 200)
  await eventually('hits resume', async () => {
    const reply = await read()
    t.equal(reply.json().data.confidence.min_confidence, 43)
    return reply.headers['cache-status'] === 'settings-gateway; hit'
  })
})
