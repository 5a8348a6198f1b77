import t from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, type TestGateway } from '../helper/gateway.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'

const URL = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'

const put = (gateway: TestGateway, min: number) =>
  gateway.as('42', { method: 'PUT', url: URL, payload: { confidence: { min_confidence: min } } })

for (const trouble of ['blackHole', 'dropReplies'] as const) {
  t.test(`three instances, one cut off from Redis only (${trouble})`, async t => {
    const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
    const proxy = await startTcpProxy(t, redis.port)
    const env = { DATABASE_URL: url, REDIS_URL: redis.url }
    const others = [
      await startGateway(t, { ...REDIS_OUTAGE, ...env }),
      await startGateway(t, { ...REDIS_OUTAGE, ...env }),
    ]
    const lonely = await startGateway(t, {
      ...REDIS_OUTAGE,
      ...env,
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    })
    const gateways = [...others, lonely]
    for (const gateway of gateways) {
      await eventually('it is a hit', async () => {
        return (await gateway.as('42', { url: URL })).headers['cache-status'] === HIT
      })
    }
    proxy[trouble]()
    for (let min = 40; min < 44; min++) {
      t.equal((await put(lonely, min)).statusCode, 200)
      const replies = await Promise.all(gateways.map(gateway => gateway.as('42', { url: URL })))
      t.strictSame(
        replies.map(reply => reply.json().data.confidence.min_confidence),
        [min, min, min],
        'seen at once',
      )
    }
    // The others go on with their cache; a write through them is seen by the one that is cut off.
    for (const other of others) {
      await eventually('hits resume', async () => {
        return (await other.as('42', { url: URL })).headers['cache-status'] === HIT
      })
    }
    t.equal((await put(others[0]!, 61)).statusCode, 200)
    const { json } = await lonely.as('42', { url: URL })
    t.equal(json().data.confidence.min_confidence, 61)
    proxy.pass()
    await eventually('the lonely one has its cache again', async () => {
      const reply = await lonely.as('42', { url: URL })
      t.equal(reply.json().data.confidence.min_confidence, 61)
      return reply.headers['cache-status'] === HIT
    })
  })
}
