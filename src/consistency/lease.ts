import type { ClockPort } from './ports.ts'
import type { ViewToken } from './views.ts'

/** A right to answer from Redis, as it stood at one moment. */
export interface Grant {
  readonly v: ViewToken
  /** The read connection whose identity was checked. */
  readonly connection: number
  /** Monotonic time from which it runs: values that Redis confirms under it were current then, or later. */
  readonly askedAt: number
  /** Monotonic time at which it ends. */
  readonly until: number
  /** Wall clock minus monotonic clock when the lease was requested. */
  readonly clockOffset: number
}

/**
 * A monotonic clock may stand still while the machine sleeps; the wall clock then jumps ahead. A larger difference between the
 * two, milliseconds, ends the lease. The least OFF_WAIT_MS follows from it (config/rules.ts).
 */
export const CLOCK_JUMP_MS = 100

const MIN_CLAIM_MS = 3_000

/**
 * How long a claim of a database on Redis lasts, milliseconds: long enough that every lease of `leaseMs` requested before the
 * claim has ended, even with clocks of different rates.
 */
export function claimMs(leaseMs: number): number {
  return Math.max(MIN_CLAIM_MS, 2 * leaseMs)
}

/** The lease of this instance (docs/consistency.md, "Words"): held in memory, measured on the monotonic clock. */
export class Lease {
  readonly #clock: ClockPort
  readonly #leaseMs: number
  #grant: Grant | undefined
  #provenAt: number | undefined

  constructor(clock: ClockPort, leaseMs: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  /** `askedAt` and `clockOffset` were taken before any store was asked: the lease runs from then. */
  grant(v: ViewToken, connection: number, askedAt: number, clockOffset: number): void {
    this.#provenAt = askedAt
    this.#grant = { v, connection, askedAt, until: askedAt + this.#leaseMs, clockOffset }
  }

  /** Monotonic time at which the last lease began, ended or not: the values in Redis were current then. */
  get provenAt(): number | undefined {
    return this.#provenAt
  }

  drop(): void {
    this.#grant = undefined
  }

  /** The lease if it is valid now. */
  current(): Grant | undefined {
    const grant = this.#grant
    if (grant === undefined) return undefined
    const now = this.#clock.now()
    if (now < grant.until && Math.abs(this.#clock.wall() - now - grant.clockOffset) <= CLOCK_JUMP_MS)
      return grant
    this.#grant = undefined
    return undefined
  }

  /** True when a reply that has just arrived on `connection`, to a read begun under `begun`, is a hit. */
  covers(begun: Grant | undefined, connection: number): boolean {
    if (begun === undefined) return false
    const grant = this.current()
    return grant !== undefined && grant.v.epoch === begun.v.epoch && grant.connection === connection
  }
}
