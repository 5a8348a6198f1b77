import { existsSync } from 'node:fs'
import { Cluster } from 'ioredis'
import t from 'tap'
import { startTestCluster } from './cluster.ts'

t.test('a private cluster is well at once, and leaves nothing', async t => {
  const cluster = await startTestCluster(t, { primaries: 3, replicas: 1 })
  const client = new Cluster(cluster.seeds.split(',').map(seed => `redis://${seed}`))
  t.teardown(() => client.disconnect())
  const keys = Array.from({ length: 20 }, (_, index) => `key:${index}`)
  for (const key of keys) t.equal(await client.set(key, key), 'OK')
  t.equal(client.nodes('master').length, 3)
  client.disconnect()
  const [node] = cluster.nodes
  const pids = cluster.nodes.map(({ pid }) => pid)
  node!.freeze()
  await cluster.stop()
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  t.notOk(existsSync(node!.dataDir))
})
