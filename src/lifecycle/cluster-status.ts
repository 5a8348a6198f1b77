import { ServerCheck, type ServerState } from './server-check.ts'
import type { NodeHealth, PartitionCount, RedisHealth, RedisStatus } from './status-service.ts'

/** A node of a cluster as this instance sees it. */
export interface NodeState extends ServerState {
  /** `host:port`. */
  readonly address: string
  /** The partitions that it owns. */
  readonly partitions: number
}

/** A cluster as this instance sees it. */
export interface ClusterState {
  /** The nodes that own partitions, sorted by address. */
  nodes(): readonly NodeState[]
  /** Partitions of the users, and those that this instance answers from Redis. */
  partitions(): PartitionCount
}

/** From the best state of a breaker to the worst. */
const ORDER: readonly RedisHealth['breaker'][] = ['closed', 'half-open', 'open']
const STARTED_AT = new Date().toISOString()

/** The RedisStatus of a cluster: a node that is down is a matter of its users only. */
export class ClusterStatus implements RedisStatus {
  readonly #cluster: ClusterState
  /** By address and connection, for the nodes of the last look. */
  #checks = new Map<ServerState['client'], ServerCheck>()
  /** What the nodes of the last look are refused for. */
  #refusals: readonly string[] = []

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  async health(): Promise<RedisHealth> {
    const present = this.#cluster.nodes()
    this.#checks = new Map(
      present.map(node => [node.client, this.#checks.get(node.client) ?? new ServerCheck(node)]),
    )
    this.#refusals = [...new Set(present.flatMap(({ refusal }) => refusal ?? []))]
    const nodes = await Promise.all(
      present.map(async ({ address, client, partitions }): Promise<NodeHealth> => {
        return { address, ...(await this.#checks.get(client)!.health()), partitions }
      }),
    )
    return { ...worstOf(nodes), nodes }
  }

  warnings({ status, nodes = [] }: RedisHealth, databaseUp: boolean): readonly string[] {
    const { total, on } = this.partitions()
    const source = databaseUp ? ': their users are answered from PostgreSQL' : ''
    const down = nodes.filter(node => node.status === 'down')
    const missing = total - nodes.reduce((sum, { partitions }) => sum + partitions, 0)
    const off = total - on - down.reduce((sum, { partitions }) => sum + partitions, 0)
    return [
      ...this.#refusals.map(refusal => `the cache is not used: ${refusal}`),
      ...down.map(
        ({ address, partitions }) =>
          `the Redis node ${address}, which owns ${partitions} of ${total} partitions, is not usable${source}`,
      ),
      ...(missing > 0
        ? [`no node of the Redis Cluster is known to own ${missing} of ${total} partitions${source}`]
        : []),
      ...(databaseUp && status === 'up' && on > 0 && off > 0 && missing === 0
        ? [`the cache is not trusted yet for ${off} of ${total} partitions`]
        : []),
    ]
  }

  partitions(): PartitionCount {
    return this.#cluster.partitions()
  }
}

/** The worst state of the breakers of all nodes; `open` while no node is known. */
export function worstBreaker(cluster: ClusterState): RedisHealth['breaker'] {
  const states = cluster.nodes().map(({ breaker }) => ORDER.indexOf(breaker.state))
  return states.length === 0 ? 'open' : ORDER[Math.max(...states)]!
}

/** `up` while one node is, with the slowest answer and the worst breaker. */
function worstOf(nodes: readonly NodeHealth[]): RedisHealth {
  const latencies = nodes.flatMap(({ latency_ms: latency }) => latency ?? [])
  const worst = nodes.toSorted((a, b) => ORDER.indexOf(b.breaker) - ORDER.indexOf(a.breaker))[0]
  return {
    status: latencies.length > 0 ? 'up' : 'down',
    latency_ms: latencies.length > 0 ? Math.max(...latencies) : null,
    breaker: worst?.breaker ?? 'open',
    consecutive_failures: Math.max(0, ...nodes.map(node => node.consecutive_failures)),
    since: worst?.since ?? STARTED_AT,
  }
}
