import { hostname } from 'node:os'
import type { ClockPort } from '../consistency/ports.ts'
import type { ViewStatus } from '../consistency/supervisor.ts'
import type { InstanceReport, InstanceState, ReadCounts, ServerFacts, VitalsPort } from './ports.ts'

export interface InstanceDeps {
  readonly version: string
  readonly clock: Pick<ClockPort, 'now' | 'wall' | 'nonce'>
  readonly server: ServerFacts
  readonly vitals: VitalsPort
  /** `leaseHeld`: this instance answers from Redis. */
  readonly view: () => ViewStatus
  readonly breaker: () => InstanceReport['breaker']
  readonly ready: () => boolean
}

/** Names are at most this long in DNS; what a system says is cut. */
const HOST_CHARACTERS = 255

/** This instance, as it tells of itself. */
export class Instance {
  readonly id: string
  /** RFC 3339, UTC, by the clock of this process. */
  readonly startedAt: string
  readonly #deps: InstanceDeps
  readonly #since: number
  readonly #host = hostname().slice(0, HOST_CHARACTERS)

  constructor(deps: InstanceDeps) {
    this.#deps = deps
    this.id = deps.clock.nonce()
    this.#since = deps.clock.now()
    this.startedAt = new Date(deps.clock.wall()).toISOString()
  }

  report(): InstanceReport {
    const { version, clock, server, vitals, view, breaker } = this.#deps
    const { view: seen, leaseHeld } = view()
    return {
      id: this.id,
      host: this.#host,
      pid: process.pid,
      version,
      uptimeMs: Math.round(clock.now() - this.#since),
      port: server.port(),
      state: this.#state(),
      leaseHeld,
      epoch: seen?.epoch ?? 0,
      breaker: breaker(),
      reads: countsOf(server.reads()),
      ...vitals.read(),
    }
  }

  #state(): InstanceState {
    if (this.#deps.server.draining()) return 'draining'
    return this.#deps.ready() ? 'ready' : 'starting'
  }
}

function countsOf(reads: ReturnType<ServerFacts['reads']>): ReadCounts {
  return {
    hits: reads.hit ?? 0,
    misses: (reads.miss ?? 0) + (reads['miss-stored'] ?? 0),
    bypasses: reads.degraded ?? 0,
    unverified: reads.unverified ?? 0,
  }
}
