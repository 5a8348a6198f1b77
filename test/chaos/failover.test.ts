import t from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, type TestGateway } from '../helper/gateway.ts'
import { SENTINEL_NAME, startSentinel } from '../helper/sentinel.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'
import { onRedis } from './stack.ts'

const URL = '/api/futures/ginie/modes/scalp'

const put = (gateway: TestGateway, min: number) =>
  gateway.as('42', { method: 'PUT', url: URL, payload: { confidence: { min_confidence: min } } })

async function untilHit(gateway: TestGateway): Promise<void> {
  await eventually('it is a hit', async () => {
    return (await gateway.as('42', { url: URL })).headers['cache-status'] === 'settings-gateway; hit'
  })
}

t.test('Sentinel promotes a lagging replica while one gateway speaks to the old primary', async t => {
  const [url, primary, replica] = await Promise.all([createDatabase(t), startRedis(t), startRedis(t)])
  // All but one gateway reach the primary through this: the Sentinel, the replica, the others.
  const way = await startTcpProxy(t, primary.port)
  await onRedis(replica.url, client => client.replicaof('127.0.0.1', way.port))
  await eventually('the replica follows', async () => {
    const info = await onRedis(replica.url, client => client.info('replication'))
    return info.includes('master_link_status:up')
  })
  // Not about timeouts: a busy machine must not look like a Redis that is away.
  const env = { DATABASE_URL: url, REDIS_READ_TIMEOUT_MS: '600', FENCE_TIMEOUT_MS: '600' }
  const sentinels = {
    REDIS_SENTINELS: await startSentinel(t, { primaryPort: way.port, downAfterMs: 4_000 }),
    REDIS_SENTINEL_NAME: SENTINEL_NAME,
  }
  const others = [
    await startGateway(t, { ...REDIS_OUTAGE, ...env, ...sentinels }),
    await startGateway(t, { ...REDIS_OUTAGE, ...env, ...sentinels }),
  ]
  const late = await startGateway(t, { ...REDIS_OUTAGE, ...env, REDIS_URL: primary.url })
  const gateways = [...others, late]
  let written = 41
  t.equal((await put(late, written)).statusCode, 200)
  for (const gateway of gateways) await untilHit(gateway)

  const onReplica = () => onRedis(replica.url, client => client.get('user:42:mode:scalp'))
  await eventually('the replica has it', async () => /"min_confidence":41\b/.test((await onReplica()) ?? ''))

  way.blackHole()
  // Acknowledged, and the replica has none of it.
  for (written = 42; written < 45; written++) t.equal((await put(late, written)).statusCode, 200)
  written--
  t.notMatch(await onReplica(), /"min_confidence":4[2-4]\b/, 'the replica has none of it')
  let reads = 0
  const right = async () => {
    const replies = await Promise.all(gateways.map(gateway => gateway.as('42', { url: URL })))
    for (const reply of replies) {
      reads++
      if (reply.statusCode !== 200 || reply.json().data.confidence.min_confidence !== written)
        throw new Error(`not ${written}: ${reply.statusCode} ${reply.body}`)
    }
  }
  await eventually('the replica is promoted', async () => {
    await right()
    // Whoever promotes it ends its connections, this one perhaps among them.
    const info = await onRedis(replica.url, client => client.info('replication')).catch(String)
    return info.includes('role:master')
  })
  t.match(
    await onRedis(primary.url, client => client.info('replication')),
    'role:master',
    'and there are two',
  )
  await eventually('the others have found the new primary', async () => {
    await right()
    const healths = await Promise.all(others.map(({ services }) => services.status.health()))
    return healths.every(
      ({ services }) => services.redis.status === 'up' && services.redis.breaker === 'closed',
    )
  })
  // Writes through both sides, each seen by all at once.
  for (let i = 0; i < 2; i++) {
    for (const gateway of [late, others[0]!]) {
      t.equal((await put(gateway, ++written)).statusCode, 200)
      await right()
    }
  }
  await late.close()
  gateways.pop()
  for (const gateway of others) await untilHit(gateway)
  await right()
  t.ok(reads > 0, `${reads} reads, none of an old value`)
})
