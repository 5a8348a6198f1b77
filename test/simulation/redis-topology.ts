import type { Random } from './random.ts'
import { RedisServer } from './redis-server.ts'
import type { Timeline } from './timeline.ts'

/** The Redis servers of one run: the primary, and old primaries that somebody may still talk to. */
export class RedisTopology {
  readonly #timeline: Timeline
  readonly #random: Random
  #primary: RedisServer
  #old: RedisServer | undefined
  #downUntil = 0

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline
    this.#random = random
    this.#primary = new RedisServer(random)
  }

  get primary(): RedisServer {
    return this.#primary
  }

  /** The server a new connection reaches; undefined = connection refused. */
  connect(): RedisServer | undefined {
    if (this.#old?.running && this.#random.chance(0.3)) return this.#old
    return this.#timeline.now < this.#downUntil ? undefined : this.#primary
  }

  /** Crash and restart from an AOF that lost its last `lost` entries. */
  restart(lost: number, downMs: number): void {
    this.#primary.running = false
    this.#primary = new RedisServer(this.#random, this.#without(lost))
    this.#downUntil = this.#timeline.now + downMs
  }

  /** A replica that lacks the last `lost` entries is promoted; the old primary answers for `splitMs` more. */
  failover(lost: number, splitMs: number): void {
    if (this.#old !== undefined) this.#old.running = false
    const old = this.#primary
    this.#primary = new RedisServer(this.#random, this.#without(lost))
    this.#old = old
    this.#timeline.later(splitMs, () => {
      old.running = false
    })
  }

  /** As a failover, but nobody closes the connections to the old primary, which becomes a replica of the new one. */
  demote(lost: number, splitMs: number): void {
    this.failover(lost, splitMs)
    const old = this.#old!
    old.role = 'replica'
    this.#timeline.later(this.#random.between(0, splitMs / 2), () => old.replicate(this.#primary))
  }

  /** Demoted and promoted again at once: the last `lost` entries are gone, the connections are not. */
  thereAndBack(lost: number): void {
    this.#primary.rewind(lost, this.#random)
  }

  attachReplica(): void {
    this.#primary.renew(this.#random)
  }

  flushAll(): void {
    this.#primary.atomically(() => this.#primary.flush())
  }

  /** Somebody's SET, or DEL, in redis-cli. */
  editByHand(key: string, value: string | undefined): void {
    const server = this.#primary
    server.atomically(() => (value === undefined ? server.delete(key) : server.set(key, value)), {
      byHand: true,
    })
  }

  freeze(ms: number): void {
    this.#primary.frozenUntil = this.#timeline.now + ms
  }

  /** `maxmemory` is reached for `ms`. */
  fill(ms: number): void {
    const server = this.#primary
    server.full = true
    this.#timeline.later(ms, () => {
      server.full = false
    })
  }

  /** Ends every fault. */
  heal(): void {
    if (this.#old !== undefined) this.#old.running = false
    this.#downUntil = 0
    this.#primary.full = false
    this.#primary.frozenUntil = 0
  }

  #without(lost: number) {
    return this.#primary.prefix(Math.max(0, this.#primary.logLength - lost))
  }
}
