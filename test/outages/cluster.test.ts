import t from 'tap'
import { withClusterFound } from '../../src/cache/cluster-detection.ts'
import { partitionPlaces } from '../../src/cache/partition-names.ts'
import { type ClusterTarget, loadConfig } from '../../src/config.ts'
import { PARTITIONS, partitionOf } from '../../src/consistency/partitions.ts'
import { freePort } from '../../src/dev/child.ts'
import type { ClusterNode } from '../../src/dev/private-cluster.ts'
import { commandRedis } from '../../src/dev/private-redis.ts'
import { createDatabase } from '../helper/backends.ts'
import { moveSlots } from '../helper/cluster/moves.ts'
import { startEmptyNode, startTestCluster } from '../helper/cluster/start.ts'
import { eventually, JWT_SECRET, SHORT_LEASE, startGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const HIT = 'settings-gateway; hit'
const SCALP = '/api/futures/ginie/modes/scalp'
const BUNDLE = '/api/futures/ginie/decision-settings'
const PLACES = partitionPlaces('')

/** Users of different nodes. */
const USERS = Array.from({ length: 12 }, (_, index) => `user-${index}`)

// One cluster and one gateway for all: each subtest leaves them well.
t.test('a gateway on a Redis Cluster', async t => {
  const [url, cluster] = await Promise.all([createDatabase(t), startTestCluster(t)])
  const config = { ...SHORT_LEASE, DATABASE_URL: url, JWT_SECRET }
  // Found by itself: REDIS_URL leads to one of the nodes.
  const gateway = await startGateway(t, { ...config, REDIS_URL: cluster.nodes[1]!.url })
  const { as, services } = gateway
  const status = async (userId: string, path = SCALP) =>
    (await as(userId, { url: path })).headers['cache-status']
  const hit = (userId: string, path = SCALP) =>
    eventually(`${userId} has hits`, async () => (await status(userId, path)) === HIT)
  const allOn = () =>
    eventually('all partitions are on', () => services.cluster!.partitions().on === PARTITIONS)
  const slotOf = (userId: string) => PLACES[partitionOf(userId)]!.slot
  const nodeOf = async (userId: string): Promise<ClusterNode> => {
    const inspected = await gateway.app.inject({ url: `/api/admin/cache/${userId}`, headers: ADMIN })
    const { node } = inspected.json()
    return cluster.nodes.find(({ port }) => node === `127.0.0.1:${port}`)!
  }
  await allOn()

  await t.test('each user has hits, in the slot of the partition and nowhere else', async t => {
    for (const userId of USERS) {
      await hit(userId)
      await hit(userId, BUNDLE)
      const { names, slot } = PLACES[partitionOf(userId)]!
      const node = await nodeOf(userId)
      const key = names.user(userId, 'mode:scalp')
      await eventually(
        'the value is there',
        async () =>
          (await commandRedis(node.port, client => client.get(key)))?.includes('"version":1') ?? false,
      )
      t.equal(await commandRedis(node.port, client => client.cluster('KEYSLOT', key)), slot)
    }
    t.equal(new Set(await Promise.all(USERS.map(nodeOf))).size, cluster.nodes.length)
  })

  await t.test('writes, order numbers, the exchange, the inspector', async t => {
    for (const userId of USERS.slice(0, 4)) {
      const put = await as(userId, {
        method: 'PUT',
        url: SCALP,
        payload: { confidence: { min_confidence: 61 } },
      })
      t.match(put, { statusCode: 200, headers: { etag: '"2"' } })
      t.match((await as(userId, { url: SCALP })).json(), { version: 2 })
      const draw = async () =>
        (await as(userId, { method: 'POST', url: '/api/user/sequence' })).json<{ sequence: number }>()
      await eventually('numbers come from Redis', async () => {
        const [first, second] = [await draw(), await draw()]
        t.ok(second.sequence > first.sequence)
        return 'source' in second && second.source === 'redis'
      })
      const orders = '/api/binance/orders'
      await eventually('orders are kept', async () => {
        await as(userId, { method: 'PUT', url: orders, payload: [{ id: userId }] })
        return (await as(userId, { url: orders })).body === JSON.stringify([{ id: userId }])
      })
      await eventually('all keys are warm', async () => {
        const url = `/api/admin/cache/${userId}`
        const warmed = await gateway.app.inject({ method: 'POST', url: `${url}/warm`, headers: ADMIN })
        const inspected = (await gateway.app.inject({ url, headers: ADMIN })).json()
        return (
          warmed.json().keys === 15 && inspected.redis === 'up' && /^127\.0\.0\.1:\d+$/.test(inspected.node)
        )
      })
    }
  })

  await t.test('several users in one request', async t => {
    const exported = await gateway.app.inject({ url: '/api/admin/export', headers: ADMIN })
    t.equal(exported.body.trimEnd().split('\n').length, USERS.length)
    const imported = await gateway.app.inject({
      method: 'POST',
      url: '/api/admin/import',
      headers: { ...ADMIN, 'content-type': 'application/x-ndjson' },
      payload: exported.body.replaceAll(/"min_confidence": ?61/g, '"min_confidence":62'),
    })
    t.match(imported.body, /"done":true.*"refused":0/)
    for (const userId of USERS.slice(0, 4)) {
      t.match((await as(userId, { url: SCALP })).json(), {
        version: 3,
        data: { confidence: { min_confidence: 62 } },
      })
    }
    const [deleted] = USERS.slice(-1) as [string]
    const { names } = PLACES[partitionOf(deleted)]!
    const node = await nodeOf(deleted)
    const gone = await gateway.app.inject({
      method: 'DELETE',
      url: `/api/users/${deleted}`,
      headers: ADMIN,
    })
    t.equal(gone.statusCode, 204)
    await eventually(
      'its keys are gone',
      async () =>
        (await commandRedis(node.port, client => client.keys(`${names.prefix}user:${deleted}:*`))).length ===
        0,
    )
  })

  await t.test('health and metrics name the nodes', async () => {
    const addresses = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).sort()
    await eventually('health says that all is well', async () => {
      const { status: whole, services: stores, cache } = (await as('42', { url: '/health' })).json()
      const named = stores.redis.nodes.map(({ address }: { address: string }) => address)
      return whole === 'healthy' && cache.partitions.on === PARTITIONS && `${named}` === `${addresses}`
    })
    await eventually('the metrics name each node', async () => {
      const metrics = (await as('42', { url: '/metrics' })).body
      return (
        metrics.includes('\ncache_partitions{state="on"} 64\n') &&
        !metrics.includes('redis_breaker_state{state="closed"}') &&
        addresses.every(
          node =>
            metrics.includes(`\nredis_breaker_state{state="closed",node="${node}"} 1\n`) &&
            metrics.includes(`\nredis_node_partitions{node="${node}"} 2`),
        )
      )
    })
  })

  await t.test('a slot moves while it is read and written, and its users have hits again', async t => {
    const [userId] = USERS as [string]
    const source = await nodeOf(userId)
    const target = cluster.nodes.find(node => node !== source)!
    let moving = true
    let version = 3
    const load = async () => {
      while (moving) {
        const put = await as(userId, {
          method: 'PUT',
          url: SCALP,
          payload: { confidence: { min_confidence: 20 + (version % 50) } },
        })
        t.equal(put.statusCode, 200)
        const written = put.json().version
        t.ok(written > version)
        version = written
        t.ok((await as(userId, { url: SCALP })).json().version >= version, 'no read is older')
      }
    }
    const loaded = load()
    // A key of another program in that slot stays through all cold starts.
    const foreign = `${PLACES[partitionOf(userId)]!.names.prefix}other`
    await commandRedis(source.port, client => client.set(foreign, 'stays'))
    await moveSlots(cluster, [slotOf(userId)], target)
    await eventually('the gateway knows', async () => (await nodeOf(userId)) === target)
    await allOn()
    moving = false
    await loaded
    await hit(userId)
    t.equal(await commandRedis(target.port, client => client.get(foreign)), 'stays')
  })

  await t.test('a primary that dies takes the hits of its users only', async t => {
    await allOn()
    const [userId] = USERS as [string]
    const dead = await nodeOf(userId)
    const owners = await Promise.all(
      USERS.slice(0, -1).map(async each => [each, await nodeOf(each)] as const),
    )
    const others = owners.flatMap(([each, node]) => (node === dead ? [] : each))
    t.ok(others.length > 0)
    await dead.kill()
    const put = await as(userId, {
      method: 'PUT',
      url: SCALP,
      payload: { confidence: { min_confidence: 33 } },
    })
    t.equal(put.statusCode, 200, 'a write waits for the leases, and is done')
    t.match(await as(userId, { url: SCALP }), {
      statusCode: 200,
      headers: { 'cache-status': /^settings-gateway; fwd/ },
    })
    for (const other of others) await hit(other)
    t.equal((await as('42', { url: '/health/ready' })).statusCode, 200)
    await eventually('health names the node', async () => {
      const { status, services: stores, warnings } = (await as('42', { url: '/health' })).json()
      return (
        status === 'degraded' &&
        stores.redis.status === 'up' &&
        warnings.some((warning: string) => warning.includes(`the Redis node 127.0.0.1:${dead.port}`))
      )
    })
    const draw = await as(userId, { method: 'POST', url: '/api/user/sequence' })
    t.match(draw.json(), { source: 'database' })
    await dead.restart()
    await allOn()
    await hit(userId)
    t.match((await as(userId, { url: SCALP })).json(), { data: { confidence: { min_confidence: 33 } } })
  })

  await t.test('a configuration that names another database of a cluster is refused', async t => {
    const { port } = cluster.nodes[0]!
    const found = (redisUrl: string) => withClusterFound(loadConfig({ ...config, REDIS_URL: redisUrl }))
    await t.rejects(found(`redis://127.0.0.1:${port}/3`), /has no database 3/)
    t.match((await found(`redis://127.0.0.1:${port}`)).redis.target, {
      kind: 'cluster',
      nodes: [{ host: '127.0.0.1', port }],
    } satisfies Partial<ClusterTarget>)
    t.match((await found('redis://127.0.0.1:1')).redis.target, { kind: 'single' }, 'away: taken for one')
  })
})

t.test('a cluster that was away at the start is named, and what to do', async t => {
  const [url, port] = await Promise.all([createDatabase(t), freePort()])
  const env = { ...SHORT_LEASE, DATABASE_URL: url, REDIS_URL: `redis://127.0.0.1:${port}` }
  const gateway = await startGateway(t, env)
  await startEmptyNode(t, port)
  await eventually('health says it', async () =>
    (await gateway.as('42', { url: '/health' }))
      .json()
      .warnings.some((warning: string) => /is a node of a Redis Cluster.*REDIS_CLUSTER_NODES/.test(warning)),
  )
  t.match(await gateway.as('42', { url: SCALP }), {
    statusCode: 200,
    headers: { 'cache-status': 'settings-gateway; fwd=bypass; detail=degraded' },
  })
})
