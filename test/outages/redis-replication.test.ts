import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, startStack, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
/** A replica waits 5 s for others otherwise. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0']
const HIT = 'settings-gateway; hit'

const put = (gateway: TestGateway, min: number) =>
  gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })

async function read(gateway: TestGateway) {
  const { headers, body } = await gateway.as('42', { url: SCALP })
  return { status: headers['cache-status'], min: JSON.parse(body).data.confidence.min_confidence }
}

const untilHit = (gateway: TestGateway) =>
  eventually('a hit', async () => (await read(gateway)).status === HIT)

async function epochOf({ services }: TestGateway): Promise<number> {
  return (await services.status.health()).cache.epoch
}

t.test('a first replica is attached: another replication id, the same data, and soon hits again', async t => {
  const [{ gateway, redis }, replica] = await Promise.all([startStack(t, REDIS_OUTAGE), startRedis(t)])
  await put(gateway, 41)
  await untilHit(gateway)
  const epoch = await epochOf(gateway)
  await onRedis(replica.url, client => client.replicaof('127.0.0.1', redis.port))
  await eventually('the view follows', async () => (await epochOf(gateway)) > epoch)
  await untilHit(gateway)
  t.equal((await read(gateway)).min, 41)
  // OFF, and ON at the first try of the gate: no epoch is burned every second.
  t.ok((await epochOf(gateway)) <= epoch + 4, `${epoch} -> ${await epochOf(gateway)}`)
  t.equal((await put(gateway, 42)).statusCode, 200)
  await untilHit(gateway)
  t.equal((await read(gateway)).min, 42)
})

t.test(
  'a primary becomes the replica of one that lagged, and closes no connection: no read is old',
  async t => {
    // No renewal comes in between: each reply must tell by itself.
    const times = {
      LEASE_MS: '20000',
      LEASE_RENEW_MS: '5000',
      OFF_WAIT_MS: '21000',
      SHUTDOWN_TIMEOUT_MS: '60000',
    }
    const [url, redis, other] = await Promise.all([
      createDatabase(t),
      startRedis(t, AT_ONCE),
      startRedis(t, AT_ONCE),
    ])
    await onRedis(other.url, client => client.replicaof('127.0.0.1', redis.port))
    await onRedis(redis.url, client =>
      eventually('it has its replica', async () => /connected_slaves:1/.test(await client.info())),
    )
    const gateway = await startGateway(t, {
      ...REDIS_OUTAGE,
      DATABASE_URL: url,
      REDIS_URL: redis.url,
      ...times,
    })
    await put(gateway, 41)
    await untilHit(gateway)
    await onRedis(other.url, async client => {
      await eventually('it has the data', async () =>
        /"min_confidence":41\b/.test((await client.get('user:42:mode:scalp')) ?? ''),
      )
      await client.replicaof('NO', 'ONE')
    })
    await put(gateway, 42)
    await onRedis(redis.url, async client => {
      await client.replicaof('127.0.0.1', other.port)
      await eventually('it has the old data', async () =>
        /"min_confidence":41\b/.test((await client.get('user:42:mode:scalp')) ?? ''),
      )
    })
    for (let i = 0; i < 20; i++) t.equal((await read(gateway)).min, 42)
  },
)
