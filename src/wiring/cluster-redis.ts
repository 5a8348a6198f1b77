import type { Cluster } from 'ioredis'
import { openCluster } from '../cache/redis-cluster.ts'
import { endpointOf } from '../config/endpoint-names.ts'
import type { ClusterTarget } from '../config.ts'
import { Follower } from '../consistency/follower.ts'
import { NearCache } from '../consistency/near-cache.ts'
import {
  ByPartition,
  combineStatuses,
  PartitionedReader,
  PartitionedSupervisor,
  PartitionedWriter,
} from '../consistency/partitioned.ts'
import { PARTITIONS, partitionOf, viewOfPartition } from '../consistency/partitions.ts'
import { createProtocol } from '../consistency/protocol.ts'
import { RecentRows } from '../consistency/recent-rows.ts'
import { RenewalTicks } from '../consistency/renewal-ticks.ts'
import { Counter } from '../sequence/counter.ts'
import { readAllKnownNumbers } from '../sequence/known-numbers.ts'
import { PartitionedCounter } from '../sequence/partitioned-counter.ts'
import type { SequenceStorePort } from '../sequence/ports.ts'
import { createCodec } from '../settings/codec.ts'
import { PartitionViews } from '../store/partition-views.ts'
import { PostgresHandover } from '../store/postgres-handover.ts'
import { PostgresStore } from '../store/postgres-store.ts'
import { SYSTEM_CLOCK } from '../system-clock.ts'
import { PartitionObservers } from '../telemetry/partition-observers.ts'
import { redisLog } from '../telemetry/redis-log.ts'
import { ageOf, type CacheLayer, protocolOptions } from './cache-layer.ts'
import type { Foundation } from './foundation.ts'

/** The cache over a Redis Cluster: the protocol runs once for each partition of the users. Connects to nothing before `open`. */
export function clusterRedis(
  foundation: Foundation,
  target: ClusterTarget,
  client: Cluster,
  numbers: SequenceStorePort,
): CacheLayer {
  const { config, log, outages, observer, pool, viewPool, availability, traced } = foundation
  const cluster = openCluster(config, target, client, {
    ofNode: address => redisLog(log, outages, address, address),
    ofCluster: redisLog(log, outages, target.nodes.map(({ host, port }) => `${host}:${port}`).join(',')),
  })
  const observers = new PartitionObservers({
    log,
    telemetry: outages,
    shared: observer,
    partitions: PARTITIONS,
  })
  const partitionViews = new PartitionViews({ viewPool, viewTimeoutMs: config.times.leaseMs, availability })
  const knownNumbers = () =>
    readAllKnownNumbers(
      cluster.partitions.map(({ counters }) => counters),
      SYSTEM_CLOCK,
    )
  const stores = new ByPartition(partition =>
    traced(
      'postgresql',
      new PostgresStore({
        ...{ pool, viewPool, availability, partitionViews, knownNumbers },
        view: viewOfPartition(partition),
        viewTimeoutMs: config.times.leaseMs,
      }),
    ),
  )
  const near = new NearCache(config.redis.nearCacheBytes)
  const codecs = new ByPartition(partition => createCodec(cluster.partitions[partition]!.names))
  const options = protocolOptions(config)
  const shared = {
    ...options,
    clock: SYSTEM_CLOCK,
    databaseName: endpointOf(config.database.url),
    near,
    recent: new RecentRows(SYSTEM_CLOCK),
    // One statement confirms the reads of all partitions.
    follower: new Follower({
      ...{ near, observer, clock: SYSTEM_CLOCK, readWaitMs: options.readWaitMs },
      store: stores.all[0]!,
      codec: { keys: ref => codecs.of(ref.userId).keys(ref) },
    }),
    ticks: new RenewalTicks(SYSTEM_CLOCK, config.times.renewMs),
    alwaysCold: true,
  }
  const parts = new ByPartition(partition => {
    const { counters, ...own } = cluster.partitions[partition]!
    const view = viewOfPartition(partition)
    const cache = traced('redis', own.cache)
    const codec = codecs.all[partition]!
    const store = stores.all[partition]!
    const protocol = createProtocol({
      ...shared,
      ...{ store, cache, codec },
      handovers: new PostgresHandover(viewPool, view),
      observer: observers.make(),
    })
    const counter = new Counter({
      ...protocol,
      cache: traced('redis', counters),
      store: numbers,
      view: store,
      clock: SYSTEM_CLOCK,
      renewMs: config.times.renewMs,
    })
    return { ...protocol, cache, codec, store, counter }
  })
  const supervisor = new PartitionedSupervisor(parts)
  const statuses = () =>
    parts.all.map(({ supervisor: { status }, cache }) => ({
      ...status,
      leaseHeld: status.leaseHeld && cache.usable,
    }))
  const isOurs = (partition: number) => parts.all[partition]!.supervisor.status.anotherOwner === undefined
  return {
    reader: new PartitionedReader(parts),
    writer: new PartitionedWriter(parts),
    store: parts.all[0]!.store,
    cacheOf: userId => {
      const { cache, codec } = parts.of(userId)
      return { cache, codec, node: cluster.nodeOf(partitionOf(userId)) }
    },
    counter: new PartitionedCounter(userId => parts.of(userId).counter),
    exchange: cluster.exchange(isOurs),
    supervisor: {
      start: () => supervisor.start(),
      stop: async () => {
        await supervisor.stop()
        observers.flush()
      },
    },
    redis: undefined,
    cluster: {
      nodes: () => cluster.nodes(),
      partitions: () => ({ total: PARTITIONS, on: statuses().filter(({ leaseHeld }) => leaseHeld).length }),
    },
    isOursFor: userId => parts.of(userId).supervisor.status.anotherOwner === undefined,
    view: () => combineStatuses(statuses()),
    ages: () => {
      const proven = parts.all.map(({ lease }) => lease.provenAt)
      return {
        redisMs: proven.includes(undefined) ? null : ageOf(Math.min(...proven.map(Number))),
        memoryMs: ageOf(shared.near.oldestConfirmation),
      }
    },
    open: () => cluster.open(),
    close: () => cluster.close(),
  }
}
