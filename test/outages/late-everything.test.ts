import t from 'tap'
import { startPostgres, startRedis } from '../helper/backends.ts'
import { eventually, PRODUCTION_TIMES, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const DECISION = '/api/futures/ginie/decision-settings'

t.test('PostgreSQL and Redis are both silent: what this process holds is served, unverified', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  const read = (url: string, headers = {}) => gateway.as('42', { url, headers })
  const hits = async (url: string) => (await read(url)).headers['cache-status'] === 'settings-gateway; hit'
  for (const url of [SCALP, DECISION]) await eventually(`${url} is a hit`, () => hits(url))
  const before = await Promise.all([read(SCALP), read(DECISION)])
  postgres.freeze()
  redis.freeze()
  t.teardown(() => {
    postgres.thaw()
    redis.thaw()
  })
  // From the first read of the outage on: with Redis late, with the breaker open, and while both are known to be away.
  for (let i = 0; i < 5; i++) {
    for (const [index, url] of [SCALP, DECISION].entries()) {
      const reply = await read(url)
      t.equal(reply.statusCode, 200)
      t.equal(reply.body, before[index]!.body)
      t.equal(reply.headers['cache-status'], 'settings-gateway; hit; detail=unverified')
    }
  }
  const known = await read(SCALP, { 'if-none-match': before[0]!.headers.etag })
  t.equal(known.statusCode, 304)
  const health = async () => (await gateway.as('42', { url: '/health' })).json()
  await eventually('both are known to be away', async () => (await health()).status === 'unhealthy')
  const { unverified, warnings } = await health()
  t.equal(unverified.from, 'memory')
  t.ok(unverified.oldest_ms > 0)
  t.match(warnings.join(), /settings that this process holds are served; the oldest .* \d+ s ago/)
  t.equal((await gateway.as('99', { url: SCALP })).statusCode, 503, 'what nobody holds')
})
