import { freePort } from '../../../src/dev/child.ts'
import { type ClusterOptions, type PrivateCluster, startCluster } from '../../../src/dev/private-cluster.ts'
import { redisBinary, type Scope, startRedis, type TestRedis, temporaryDirectory } from '../backends.ts'

/** How long a node may be silent in tests that kill and freeze nodes, milliseconds. */
export const NODE_TIMEOUT_MS = 1_000

/** A Redis Cluster of the test's own: three primaries, without replicas unless the test says otherwise. */
export async function startTestCluster(
  t: Scope,
  options: Partial<ClusterOptions> = {},
): Promise<PrivateCluster> {
  const cluster = await startCluster({
    ...{ binary: redisBinary(), dir: temporaryDirectory(t) },
    ...{ primaries: 3, replicas: 0, nodeTimeoutMs: NODE_TIMEOUT_MS },
    ...options,
  })
  t.teardown(() => cluster.stop())
  return cluster
}

/** A node that knows no other. The port of its bus is claimed too: 10,000 above its own may belong to another program. */
export async function startEmptyNode(t: Scope, port?: number): Promise<TestRedis> {
  const bus = await freePort()
  return startRedis(t, ['--cluster-enabled', 'yes', '--cluster-port', String(bus)], port)
}
