import t, { type Test } from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import {
  eventually,
  REDIS_OUTAGE,
  redisOf,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

const put = (gateway: TestGateway, min: number) =>
  gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })

/** Reads the document until it is a hit again, checking the content each time. */
async function untilHit(gateway: TestGateway, min: number): Promise<void> {
  await eventually('hits resume', async () => {
    const reply = await gateway.as('42', { url: SCALP })
    if (reply.statusCode !== 200 || reply.json().data.confidence.min_confidence !== min)
      throw new Error(reply.body)
    return reply.headers['cache-status'] === 'settings-gateway; hit'
  })
}

async function readsAndWrites(t: Pick<Test, 'equal'>, gateway: TestGateway, min: number): Promise<void> {
  const written = await put(gateway, min)
  t.equal(written.statusCode, 200, 'a write works')
  const read = await gateway.as('42', { url: SCALP })
  t.equal(read.statusCode, 200, 'a read works')
  t.equal(read.json().data.confidence.min_confidence, min, 'and sees the write')
  t.equal(read.headers['cache-status'], 'settings-gateway; fwd=bypass; detail=degraded')
}

t.test('Redis is down before the start and comes later', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  await redis.kill()
  const gateway = await startGateway(t, { ...REDIS_OUTAGE, DATABASE_URL: url, REDIS_URL: redis.url })
  await readsAndWrites(t, gateway, 41)
  t.equal((await gateway.as('42', { url: '/health' })).statusCode, 200)
  t.equal((await gateway.as('42', { url: '/health/redis' })).statusCode, 503)
  await redis.restart()
  await untilHit(gateway, 41)
})

t.test('Redis is killed while serving, and restarts with its append-only file', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  await put(gateway, 41)
  await redis.kill()
  await readsAndWrites(t, gateway, 42)
  await redis.restart()
  await untilHit(gateway, 42)
})

t.test('Redis is frozen: reads wait for its timeout at most, then not at all', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  await put(gateway, 41)
  redis.freeze()
  await readsAndWrites(t, gateway, 42)
  await eventually('the breaker opens', async () => {
    await gateway.as('42', { url: SCALP })
    return gateway.services.redis?.breaker.state !== 'closed'
  })
  redis.thaw()
  await untilHit(gateway, 42)
  t.equal(gateway.services.redis?.breaker.state, 'closed')
})

t.test('after a restart of Redis and of the gateway the documents are still hits', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const first = await startGateway(t, { ...REDIS_OUTAGE, DATABASE_URL: url, REDIS_URL: redis.url })
  await eventually('the view is ON', () => isOn(first))
  await put(first, 41)
  const urls = ['/api/futures/ginie/decision-settings', '/api/user/settings/trading', SCALP]
  const bodies = await Promise.all(urls.map(each => first.as('42', { url: each })))
  // The gate need not fence what is older than the marker.
  await eventually('the marker passes the writes', () => markerPassed(first))
  await first.close()
  await redis.stop()
  await redis.restart()
  const second = await startGateway(t, { ...REDIS_OUTAGE, DATABASE_URL: url, REDIS_URL: redis.url })
  await eventually('the view is ON', () => isOn(second))
  for (const [index, each] of urls.entries()) {
    const reply = await second.as('42', { url: each })
    t.equal(reply.headers['cache-status'], 'settings-gateway; hit', each)
    t.equal(reply.body, bodies[index]!.body)
  }
  t.equal(bodies[2]!.json().data.confidence.min_confidence, 41)
})

async function isOn({ services }: TestGateway): Promise<boolean> {
  return (await services.status.health()).cache.mode === 'on'
}

/** Whether every document is older than the marker in Redis. */
async function markerPassed({ services }: TestGateway): Promise<boolean> {
  const marker = await redisOf({ services }).get('gateway:marker')
  const { rows } = await services.pool.query('SELECT max(changed_xid)::text AS xid FROM documents')
  return BigInt(marker?.split(' ')[0] ?? 0) > BigInt(rows[0].xid)
}

t.test('Redis is full: reads and writes are right, the breaker stays closed', async t => {
  const { gateway } = await startStack(t, REDIS_OUTAGE)
  await put(gateway, 41)
  const client = redisOf(gateway)
  await client.config('SET', 'maxmemory', '1')
  const written = await put(gateway, 42)
  t.equal(written.statusCode, 200)
  for (let i = 0; i < 10; i++) {
    const read = await gateway.as('42', { url: SCALP })
    t.equal(read.json().data.confidence.min_confidence, 42)
  }
  const other = await gateway.as('42', { url: '/api/futures/ginie/modes/swing' })
  t.equal(other.headers['cache-status'], 'settings-gateway; hit', 'what is stored is still read')
  t.equal(gateway.services.redis?.breaker.state, 'closed')
  await client.config('SET', 'maxmemory', '0')
  await untilHit(gateway, 42)
})

t.test('the data of Redis is flushed: no read is old', async t => {
  const { gateway } = await startStack(t, REDIS_OUTAGE)
  await put(gateway, 41)
  await redisOf(gateway).flushall()
  const read = await gateway.as('42', { url: SCALP })
  t.equal(read.json().data.confidence.min_confidence, 41)
  await put(gateway, 42)
  await untilHit(gateway, 42)
})
