import type { DocumentRef } from '../../src/consistency/document-rows.ts'
import type { Build } from './build.ts'
import { Checker } from './checker.ts'
import { partitionOf, viewOfUser } from './documents.ts'
import type { AnyFocus } from './draw-scenario.ts'
import { drawScenario } from './draw-scenario.ts'
import { inject } from './faults.ts'
import { Gateways } from './gateways.ts'
import { Network } from './network.ts'
import { PostgresServer } from './postgres-server.ts'
import { Random } from './random.ts'
import { RedisCluster } from './redis-cluster.ts'
import type { RedisServer } from './redis-server.ts'
import { RedisTopology } from './redis-topology.ts'
import { fateOf, type Scenario } from './scenario.ts'
import { SequenceChecker } from './sequence-checker.ts'
import { Timeline } from './timeline.ts'

/** How much longer than its own time a lease may live: the slowest clock, and a suspension that goes unnoticed. */
const LEASE_ERROR = 1.02
const SUSPENSION_MS = 100
/** Databases are told apart by it. */
const OTHER_ROOT = 'ba9876543210'

/** Everything of one run: servers, network, gateways, faults and checkers, all driven by one seed. */
export class World {
  readonly build: Build
  readonly random: Random
  readonly scenario: Scenario
  readonly timeline: Timeline
  readonly network: Network
  readonly redis: RedisTopology
  readonly cluster: RedisCluster | undefined
  readonly postgres: PostgresServer
  /** The documents of each user. */
  readonly documents: readonly (readonly DocumentRef[])[]
  readonly gateways: Gateways
  readonly checker: Checker
  readonly sequenceChecker: SequenceChecker
  readonly faults = new Map<string, number>()
  /** What this world writes begins with it. */
  readonly name: string
  /** No more faults. */
  quiet = true
  /** Another database whose gateways use the same Redis, from the first fault to the last. */
  other: World | undefined

  /** A world `beside` another one shares all but the database, its gateways and its documents. */
  constructor(seed: number, build: Build, operations: number, focus?: AnyFocus, beside?: World) {
    this.build = build
    this.name = beside === undefined ? '' : 'other '
    this.random = beside?.random ?? new Random(seed)
    this.scenario = beside?.scenario ?? drawScenario(this.random, operations, focus)
    const { stepMs, documents, gateways } = this.scenario
    this.timeline = beside?.timeline ?? new Timeline(seed, this.random, stepMs)
    this.network =
      beside?.network ?? new Network(this.timeline, this.random, kind => fateOf(this.scenario, kind))
    this.network.healed = true
    this.redis = beside?.redis ?? new RedisTopology(this.timeline, this.random)
    this.postgres = new PostgresServer(this.timeline, build.server, beside && OTHER_ROOT)
    this.cluster =
      this.scenario.cluster === undefined ? undefined : new RedisCluster(this.timeline, this.random)
    const users = this.cluster === undefined ? ['u'] : ['u', 'w']
    this.documents = users.map(userId =>
      Array.from({ length: documents }, (_, index) => ({ userId, kind: `d${index}` })),
    )
    this.checker = new Checker(
      this.postgres,
      build.times.leaseMs * Math.max(...this.scenario.leaseFactors) * LEASE_ERROR + SUSPENSION_MS,
    )
    this.sequenceChecker = new SequenceChecker(
      this.postgres,
      what => this.checker.violated(what),
      user => (this.cluster === undefined ? [0] : [0, viewOfUser(user)]),
    )
    this.gateways = new Gateways(this, gateways)
  }

  /** Of all users. */
  get refs(): readonly DocumentRef[] {
    return this.documents.flat()
  }

  /** The keys of a user where Redis has them. */
  keysOf(userId: string): RedisServer {
    return this.cluster?.keysOf(partitionOf(userId)) ?? this.redis.primary
  }

  get violations(): readonly string[] {
    return [...this.checker.violations, ...(this.other?.checker.violations ?? [])]
  }

  count(fault: string, times = 1): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + times)
  }

  /** Begins with the faults. */
  disturb(): void {
    if (this.scenario.databases === 2)
      this.other = new World(0, this.build, this.scenario.operations, undefined, this)
    const worlds = this.other === undefined ? [this] : [this, this.other]
    for (const world of worlds) world.quiet = false
    this.network.healed = false
    const { faultEveryMs, faults } = this.scenario
    const next = () =>
      this.timeline.later(this.random.next() * 2 * faultEveryMs, () => {
        if (this.quiet) return
        inject(this.random.pick(faults), worlds.length === 1 ? this : this.random.pick(worlds))
        next()
      })
    next()
  }

  /** Ends all faults; what is held arrives in its time. */
  heal(): void {
    this.quiet = true
    if (this.other !== undefined) this.other.quiet = true
    this.other?.gateways.end()
    this.network.healed = true
    this.redis.heal()
    this.cluster?.heal()
    if (this.scenario.cluster === 'some') this.gateways.allWithCluster()
    this.postgres.downUntil = 0
    for (const { redis, store } of this.gateways.all.flatMap(({ parts }) => parts)) {
      redis.cut = false
      store.cut = false
    }
  }
}
