import type { Follower } from '../../src/consistency/follower.ts'
import { NearCache } from '../../src/consistency/near-cache.ts'
import type { ObserverPort, ProtocolTimes } from '../../src/consistency/ports.ts'
import { createProtocol, type Protocol } from '../../src/consistency/protocol.ts'
import { RecentRows } from '../../src/consistency/recent-rows.ts'
import { RenewalTicks } from '../../src/consistency/renewal-ticks.ts'
import { WriteSlots } from '../../src/consistency/write-slots.ts'
import { Counter } from '../../src/sequence/counter.ts'
import { Availability } from '../../src/store/availability.ts'
import { ClusterClient } from './cluster-client.ts'
import { partitionOf, SIM_CODEC } from './documents.ts'
import { MemoryCache } from './memory-cache.ts'
import { MemoryHandover } from './memory-handover.ts'
import { MemorySequenceCache, MemorySequenceStore } from './memory-sequence.ts'
import { MemoryStore } from './memory-store.ts'
import { SimProcess } from './process.ts'
import { RedisConnections, type SlotClient } from './redis-connections.ts'
import { RedisScripts } from './redis-scripts.ts'
import { chanceAt } from './scenario.ts'
import { SequenceScripts } from './sequence-scripts.ts'
import type { World } from './world.ts'

/** The gateway was killed while it worked on the request. */
export class GatewayGoneError extends Error {
  override readonly name = 'GatewayGoneError'
}

/** Holds what a few reads of the one user take (an eighth of it), so that not all are kept. */
const NEAR_CACHE_BYTES = 20_000
const READ_WAIT_MS = 3_000
/** As claimMs of lease.ts, without the three seconds that it is at least. */
const CLAIMED_LEASES = 2
/** Its sockets are closed by the system within this time. */
const SOCKETS_MS = 300

/** Those of an instance whose LEASE_MS is so many times as long. */
function timesOf(times: ProtocolTimes, factor: number): ProtocolTimes {
  return { ...times, leaseMs: times.leaseMs * factor, offWaitMs: times.offWaitMs * factor }
}

/** What a gateway has for one view: for all users, or in a cluster for those of one partition. */
interface Part {
  readonly redis: RedisConnections
  readonly cache: MemoryCache
  readonly store: MemoryStore
  readonly protocol: Protocol
  readonly counter: Counter
}

/** What the parts of one gateway share. */
interface Shared {
  readonly leaseFactor: number
  readonly near?: NearCache
  readonly follower?: Follower
  readonly ticks?: RenewalTicks
  readonly writeSlots?: WriteSlots
  readonly recent?: RecentRows
  readonly availability?: Availability
}

/** One gateway: the real protocol and the real counter in a process that can be killed. */
export class Gateway {
  readonly process: SimProcess
  /** One; in a cluster one for each partition. */
  readonly parts: readonly [Part, ...Part[]]
  readonly #world: World
  readonly #open = new Set<(error: Error) => void>()

  constructor(world: World, leaseFactor: number, hasCluster: boolean) {
    const { timeline, random, build, cluster } = world
    this.#world = world
    const process = new SimProcess(timeline, random)
    this.process = process
    if (!hasCluster || cluster === undefined) this.parts = [this.#part({ leaseFactor }, 0, undefined)]
    else {
      const near = new NearCache(NEAR_CACHE_BYTES)
      const client = new ClusterClient({ process, timeline, random, cluster })
      const shared = {
        leaseFactor,
        near,
        recent: new RecentRows(process),
        follower: new build.parts.Follower({
          ...{
            near,
            clock: process,
            codec: SIM_CODEC,
            observer: { failed: () => {} },
            readWaitMs: READ_WAIT_MS,
          },
          store: { readChangesSince: (...asked) => this.store.readChangesSince(...asked) },
        }),
        ticks: new RenewalTicks(process, build.times.renewMs),
        writeSlots: new WriteSlots(1, process),
        availability: new Availability(),
      }
      this.parts = [this.#part(shared, 1, client.slot(0)), this.#part(shared, 2, client.slot(1))]
    }
    process.run(() => {
      for (const { protocol } of this.parts) protocol.supervisor.start()
    })
  }

  /** The part of a user. */
  of(userId: string): Part {
    return this.parts[partitionOf(userId)] ?? this.parts[0]
  }

  get redis(): RedisConnections {
    return this.parts[0].redis
  }

  get cache(): MemoryCache {
    return this.parts[0].cache
  }

  get store(): MemoryStore {
    return this.parts[0].store
  }

  get protocol(): Protocol {
    return this.parts[0].protocol
  }

  #part({ leaseFactor, availability, ...shared }: Shared, view: number, slot: SlotClient | undefined): Part {
    const { process } = this
    const world = this.#world
    const { timeline, network, random, redis: topology, postgres, build } = world
    const redis = new RedisConnections({
      process,
      network,
      timeline,
      topology,
      ...(slot && { slot }),
      rules: build.connections,
    })
    // Of one database alone nothing depends on it; but the key of a claim that is missing would be asked for elsewhere.
    const hasClaims = world.scenario.databases === 2 || slot !== undefined
    const cache = new MemoryCache({
      connections: redis,
      timeline,
      scripts: new RedisScripts(build.scripts),
      rules: build.cache,
      claimMs: hasClaims ? CLAIMED_LEASES * build.times.leaseMs * leaseFactor : 0,
    })
    const store = new MemoryStore(
      { process, network, server: postgres, random, rules: build.store, view },
      availability,
    )
    const observer: ObserverPort = {
      step: name => this.#step(name),
      viewOff: reason => world.count(`view OFF: ${reason}`),
      viewOn: () => world.count('view ON'),
      viewSeen: () => {},
      failed: () => {},
    }
    const protocol = createProtocol(
      {
        store,
        handovers: new MemoryHandover(store, postgres, build.handover),
        cache,
        codec: SIM_CODEC,
        clock: process,
        observer,
        databaseName: 'simulated',
        times: timesOf(build.times, leaseFactor),
        nearCacheBytes: NEAR_CACHE_BYTES,
        // So that few clients fill batches.
        writeSlots: new WriteSlots(1, process),
        ...shared,
        alwaysCold: slot !== undefined && build.alwaysCold,
        readWaitMs: READ_WAIT_MS,
        serveUnverified: true,
      },
      build.parts,
    )
    const { lease, handover, check } = protocol
    const counter = new Counter({
      cache: new MemorySequenceCache(cache, new SequenceScripts(build.sequence)),
      store: new MemorySequenceStore(store, postgres, build.sequence),
      view: store,
      lease,
      handover,
      check: build.sequence.knownServer ? check : { knows: () => true },
      clock: process,
      renewMs: build.times.renewMs,
    })
    return { redis, cache, store, protocol, counter }
  }

  /** A client's request. GatewayGoneError when the process is killed before it answers. */
  request<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.process.alive) return reject(new GatewayGoneError('connection refused'))
      this.#open.add(reject)
      this.process.run(() => {
        work()
          .then(resolve, reject)
          .finally(() => this.#open.delete(reject))
      })
    })
  }

  kill(): void {
    if (!this.process.alive) return
    const { postgres, timeline, random } = this.#world
    this.process.kill()
    for (const reject of this.#open) reject(new GatewayGoneError('connection reset'))
    for (const session of [...postgres.sessions])
      if (session.process === this.process) timeline.later(random.between(0, SOCKETS_MS), () => session.end())
    this.#world.gateways.replace(this)
  }

  cutRedis(ms: number): void {
    this.#cut(
      this.parts.map(({ redis }) => redis),
      ms,
    )
  }

  cutPostgres(ms: number): void {
    this.#cut(
      this.parts.map(({ store }) => store),
      ms,
    )
  }

  reconnectRedis(): void {
    for (const { redis } of this.parts) redis.reconnect()
  }

  #cut(connections: readonly { cut: boolean }[], ms: number): void {
    for (const each of connections) each.cut = true
    this.#world.timeline.later(ms, () => {
      for (const each of connections) each.cut = false
    })
  }

  /** A numbered step of the protocol: here the process may end, stand still, or lose its transactions. */
  async #step(name: string): Promise<void> {
    const { scenario, random, postgres, timeline, quiet } = this.#world
    if (quiet) return
    const chance = (probability: number) => random.chance(chanceAt(scenario, name, probability))
    if (chance(scenario.killAtStep)) {
      this.#world.count(`kill at ${name}`)
      this.kill()
      await new Promise(() => {})
    }
    if (chance(scenario.terminateAtStep)) {
      this.#world.count(`terminate at ${name}`)
      for (const session of [...postgres.sessions]) if (session.process === this.process) session.end()
    }
    if (!chance(scenario.pauseAtStep)) return
    this.#world.count(`pause at ${name}`)
    this.process.stop(random.between(10, 2_500), random.chance(0.3))
    await timeline.hop()
    await new Promise<void>(resolve => this.process.run(resolve))
  }
}
