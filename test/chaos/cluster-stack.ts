import { Cluster } from 'ioredis'
import type { Scope, TestRedis } from '../helper/backends.ts'
import {
  addressOfGateway,
  addressOfNode,
  type NetworkedCluster,
  startNetworkedCluster,
} from '../helper/cluster/network.ts'
import { untilAgreed } from '../helper/cluster/nodes.ts'
import { ownerOf, readViews } from '../helper/cluster/topology.ts'
import { slotOfUser } from '../helper/cluster/users.ts'
import type { TcpLine } from '../helper/tcp-line.ts'

export const CLUSTER_PRIMARIES = 3
/** Above the stalls of a busy machine: a failover is what a fault made. */
export const NODE_TIMEOUT_MS = 1_500

/** A replica takes over however old its data is, and stays with its primary when that one has lost its slots. */
const ARGUMENTS = ['--cluster-replica-validity-factor', '0', '--cluster-allow-replica-migration', 'no']

/** What of a run is different when the cache is a Redis Cluster. */
export interface ClusterStack extends NetworkedCluster {
  /** What a gateway reaches the nodes through, all at once. */
  lineOf(gateway: number): TcpLine
  /** The addresses of the nodes and of so many gateways. */
  addresses(gateways: number): readonly string[]
  /** The node that owns the user's slot. */
  primaryOf(user: string): Promise<TestRedis>
  /** Resolves when the nodes agree on the owner of each slot. */
  untilAgreed(): Promise<void>
  /** The values of the keys, which are of one user. */
  readKeys(keys: readonly string[]): Promise<(string | null)[]>
}

export async function startClusterStack(scope: Scope): Promise<ClusterStack> {
  const network = await startNetworkedCluster(scope, {
    ...{ primaries: CLUSTER_PRIMARIES, replicas: 1, nodeTimeoutMs: NODE_TIMEOUT_MS },
    argsOf: () => ARGUMENTS,
  })
  return {
    ...network,
    lineOf: gateway => joinLines(network.linesFrom(addressOfGateway(gateway))),
    addresses: gateways => [
      ...network.nodes.map(({ index }) => addressOfNode(index)),
      ...Array.from({ length: gateways }, (_, index) => addressOfGateway(index)),
    ],
    primaryOf: async user => {
      const view = ownerOf(await readViews(network), slotOfUser(user))
      if (view === undefined) throw new Error(`no node owns the slot of ${user}`)
      return view.node
    },
    untilAgreed: () => untilAgreed(network),
    readKeys: async keys => {
      const client = new Cluster(
        network.nodes.map(({ announced }) => ({ host: '127.0.0.1', port: announced.port })),
      )
      try {
        return await client.mget(...keys)
      } finally {
        client.disconnect()
      }
    },
  }
}

/** Ways that a test makes unreliable together. */
function joinLines(lines: readonly TcpLine[]): TcpLine {
  const each = (act: (line: TcpLine) => void) => () => lines.forEach(act)
  return {
    get connections() {
      return lines.reduce((sum, { connections }) => sum + connections, 0)
    },
    get dropped() {
      return lines.reduce((sum, { dropped }) => sum + dropped, 0)
    },
    pass: each(line => line.pass()),
    dropReplies: each(line => line.dropReplies()),
    blackHole: each(line => line.blackHole()),
    cut: each(line => line.cut()),
    delay: milliseconds => each(line => line.delay(milliseconds))(),
    repeat: repeats => each(line => line.repeat(repeats))(),
    rewrite: change => each(line => line.rewrite(change))(),
    endWith: lastReply => each(line => line.endWith(lastReply))(),
    retarget: () => {
      throw new Error('the nodes of a cluster are found, not named')
    },
  }
}
