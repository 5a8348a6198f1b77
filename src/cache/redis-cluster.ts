import type { Cluster } from 'ioredis'
import type { ClusterTarget, Config } from '../config.ts'
import type { ExchangeCache } from '../exchange/exchange.ts'
import { type ClusterNode, ClusterNodes } from './cluster-nodes.ts'
import { ClusterTopology } from './cluster-topology.ts'
import type { KeyNames } from './keys.ts'
import { PartitionCache } from './partition-cache.ts'
import { PartitionExchange } from './partition-exchange.ts'
import { partitionPlaces } from './partition-names.ts'
import { PartitionSequence } from './partition-sequence.ts'
import type { RedisEvents } from './redis-server.ts'

export interface ClusterEvents {
  readonly ofNode: (address: string) => RedisEvents
  /** Of the looks at who owns what. */
  readonly ofCluster: Pick<RedisEvents, 'trouble'>
}

/** What one partition has in the cluster. */
export interface ClusterPartition {
  readonly names: KeyNames
  readonly cache: PartitionCache
  readonly counters: PartitionSequence
}

/** A node as this instance sees it. */
export interface NodeState {
  /** `host:port`. */
  readonly address: string
  /** How many it owns. */
  readonly partitions: number
  readonly client: ClusterNode['server']['client']
  readonly breaker: ClusterNode['server']['breaker']
  /** Why it is not trusted as a cache, for operators. */
  readonly refusal: string | undefined
}

/** Everything that speaks to the nodes of one Redis Cluster. */
export interface ClusterAccess {
  /** In their order. */
  readonly partitions: readonly ClusterPartition[]
  /** The exchange cache; `isOurs` is false while another database has the partition. */
  exchange(isOurs: (partition: number) => boolean): ExchangeCache
  /** The address of the node that owns the partition; undefined = none is known. */
  nodeOf(partition: number): string | undefined
  /** The nodes that own partitions, sorted by address. */
  nodes(): readonly NodeState[]
  /** Begins to look for the nodes; never fails. */
  open(): void
  close(): void
}

/** `client`: that of createClusterClient. */
export function openCluster(
  config: Config,
  target: ClusterTarget,
  client: Cluster,
  events: ClusterEvents,
): ClusterAccess {
  const places = partitionPlaces(config.redis.keyPrefix)
  const topology = new ClusterTopology(client)
  topology.on('trouble', error => events.ofCluster.trouble('topology', error))
  const nodes = new ClusterNodes({ config, target, topology, places, events: events.ofNode })
  const partitions = places.map(place => ({
    names: place.names,
    cache: new PartitionCache(nodes, place),
    counters: new PartitionSequence(nodes, place),
  }))
  return {
    partitions,
    exchange: isOurs =>
      new PartitionExchange({
        ...{ nodes, places, isOurs },
        ttlMs: config.settings.binanceCacheTtlMs,
        timeoutMs: config.times.fenceTimeoutMs,
      }),
    nodeOf: partition => nodes.ownerOf(partition)?.address,
    nodes: () =>
      nodes.list().map(({ node: { address, server }, partitions: owned }) => ({
        address,
        partitions: owned.length,
        client: server.client,
        breaker: server.breaker,
        refusal: server.refusal ?? owned.map(partition => partitions[partition]!.cache.refusal).find(Boolean),
      })),
    open: () => topology.open(),
    close: () => {
      topology.close()
      nodes.close()
    },
  }
}
