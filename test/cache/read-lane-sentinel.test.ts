import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis, type TestRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway } from '../helper/gateway.ts'
import { SENTINEL_NAME, startSentinel } from '../helper/sentinel.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const PASSWORD = 'secret'

t.test('the lane follows Sentinel to another primary, with a password and a database number', async t => {
  const [url, primary, replica] = await Promise.all([createDatabase(t), startRedis(t), startRedis(t)])
  const runId = async (redis: TestRedis) =>
    /^run_id:(\w+)/m.exec(await onRedis(redis.url, client => client.info('server')))?.[1]
  const [first, second] = [await runId(primary), await runId(replica)]
  for (const redis of [primary, replica]) {
    await onRedis(redis.url, async client => {
      await client.config('SET', 'masterauth', PASSWORD)
      if (redis === replica) await client.replicaof('127.0.0.1', primary.port)
      await client.config('SET', 'requirepass', PASSWORD)
    })
  }
  const sentinel = await startSentinel(t, {
    primaryPort: primary.port,
    downAfterMs: 10_000,
    password: PASSWORD,
  })
  const gateway = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: url,
    REDIS_SENTINELS: sentinel,
    REDIS_SENTINEL_NAME: SENTINEL_NAME,
    REDIS_PASSWORD: PASSWORD,
    REDIS_DB: '3',
  })
  const { connections } = gateway.services.redis!.reads
  // What INFO answers comes over the lane.
  const servers = async () =>
    Promise.all(connections.map(each => each.info().then(({ identity }) => identity.runId)))
  const untilHit = () =>
    eventually('a hit', async () => {
      const { headers } = await gateway.as('42', { url: SCALP })
      return headers['cache-status'] === 'settings-gateway; hit'
    })
  const put = (min: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })
  t.equal((await put(41)).statusCode, 200)
  await untilHit()
  t.strictSame(new Set(await servers()), new Set([first]))
  t.match(await connections[0]!.client.info('keyspace'), /^db3:/m)

  await onRedis(`redis://${sentinel}`, client => client.call('SENTINEL', 'FAILOVER', SENTINEL_NAME))
  await eventually('the lane speaks to the new primary', async () => {
    const seen = await servers().catch(() => [])
    return seen.length > 0 && seen.every(each => each === second)
  })
  t.equal((await put(42)).statusCode, 200)
  await untilHit()
  const reply = await gateway.as('42', { url: SCALP })
  t.equal(reply.json().data.confidence.min_confidence, 42)
  t.match(
    await onRedis(`redis://:${PASSWORD}@127.0.0.1:${replica.port}/3`, client =>
      client.get('user:42:mode:scalp'),
    ),
    /"min_confidence":42\b/,
  )
})
