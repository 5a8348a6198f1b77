import type { ObserverPort, ProtocolTimes } from '../../src/consistency/ports.ts'
import { createProtocol, type Protocol } from '../../src/consistency/protocol.ts'
import { Counter } from '../../src/sequence/counter.ts'
import { SIM_CODEC } from './documents.ts'
import { MemoryCache } from './memory-cache.ts'
import { MemoryHandover } from './memory-handover.ts'
import { MemorySequenceCache, MemorySequenceStore } from './memory-sequence.ts'
import { MemoryStore } from './memory-store.ts'
import { SimProcess } from './process.ts'
import { RedisConnections } from './redis-connections.ts'
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
/** As claimMs of lease.ts, without the three seconds that it is at least. */
const CLAIMED_LEASES = 2
/** Its sockets are closed by the system within this time. */
const SOCKETS_MS = 300

/** Those of an instance whose LEASE_MS is so many times as long. */
function timesOf(times: ProtocolTimes, factor: number): ProtocolTimes {
  return { ...times, leaseMs: times.leaseMs * factor, offWaitMs: times.offWaitMs * factor }
}

/** One gateway: the real protocol and the real counter in a process that can be killed. */
export class Gateway {
  readonly process: SimProcess
  readonly redis: RedisConnections
  readonly cache: MemoryCache
  readonly store: MemoryStore
  readonly protocol: Protocol
  readonly counter: Counter
  readonly #world: World
  readonly #open = new Set<(error: Error) => void>()

  constructor(world: World, leaseFactor: number) {
    const { timeline, network, random, redis, postgres, build } = world
    this.#world = world
    const process = new SimProcess(timeline, random)
    this.process = process
    this.redis = new RedisConnections({
      process,
      network,
      timeline,
      topology: redis,
      rules: build.connections,
    })
    this.cache = new MemoryCache({
      connections: this.redis,
      timeline,
      scripts: new RedisScripts(build.scripts),
      rules: build.cache,
      claimMs: world.scenario.databases === 1 ? 0 : CLAIMED_LEASES * build.times.leaseMs * leaseFactor,
    })
    this.store = new MemoryStore({ process, network, server: postgres, random, rules: build.store })
    const { cache, store } = this
    const observer: ObserverPort = {
      step: name => this.#step(name),
      viewOff: reason => world.count(`view OFF: ${reason}`),
      viewOn: () => world.count('view ON'),
      viewSeen: () => {},
      failed: () => {},
    }
    this.protocol = createProtocol(
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
        writeSlots: 1,
        readWaitMs: 3_000,
        serveUnverified: true,
      },
      build.parts,
    )
    const { lease, handover, check } = this.protocol
    this.counter = new Counter({
      cache: new MemorySequenceCache(cache, new SequenceScripts(build.sequence)),
      store: new MemorySequenceStore(store, postgres, build.sequence),
      view: store,
      lease,
      handover,
      check: build.sequence.knownServer ? check : { knows: () => true },
      clock: process,
      renewMs: build.times.renewMs,
    })
    process.run(() => this.protocol.supervisor.start())
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
    this.redis.cut = true
    this.#world.timeline.later(ms, () => {
      this.redis.cut = false
    })
  }

  cutPostgres(ms: number): void {
    this.store.cut = true
    this.#world.timeline.later(ms, () => {
      this.store.cut = false
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
