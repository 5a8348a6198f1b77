import { type ClusterOptions, type PrivateCluster, startCluster } from '../../../src/dev/private-cluster.ts'
import { redisBinary, type Scope, temporaryDirectory } from '../backends.ts'

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
