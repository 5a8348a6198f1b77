import type { FaultName } from './faults.ts'
import type { Fate } from './network.ts'

/** How often what is sore goes wrong, unless a focus says otherwise. */
export const SORE = 0.3

/** What one run looks like. Each seed draws another mixture, so that rare combinations get runs of their own. */
export interface Scenario {
  readonly gateways: number
  /** 2: as many gateways of another database use the same Redis. */
  readonly databases: 1 | 2
  /** Gateways use a cluster, or some of them do, beside others with one Redis. */
  readonly cluster?: 'all' | 'some'
  /** Of each user. */
  readonly documents: number
  readonly clients: number
  readonly operations: number
  /** How many of the writes delete. */
  readonly deletions: number
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number
  /** Longest time that passes with one step of the scheduler. */
  readonly stepMs: number
  readonly lose: number
  readonly hold: number
  readonly holdMs: number
  /** How often a command to Redis is carried out a second time, within `holdMs`. */
  readonly repeat: number
  /** Kinds of messages that are often lost or late, or whose sender often stands still. */
  readonly sore: {
    readonly lose: readonly string[]
    readonly hold: readonly string[]
    readonly stop: readonly string[]
    /** How often they are lost or late. */
    readonly often: number
  }
  /** A step at which the three following happen often. */
  readonly soreStep: string
  /** Probabilities at each numbered step of the protocol. */
  readonly killAtStep: number
  readonly pauseAtStep: number
  readonly terminateAtStep: number
  /** Leases of the gateways, as multiples of the build's: a rolling change of LEASE_MS. */
  readonly leaseFactors: readonly number[]
  /** Mean pause between two faults. */
  readonly faultEveryMs: number
  readonly faults: readonly FaultName[]
}

/** What may become of a message of this kind. */
export function fateOf({ lose, hold, holdMs, repeat, sore }: Scenario, kind: string): Fate {
  return {
    lose: sore.lose.includes(kind) ? sore.often : lose,
    hold: sore.hold.includes(kind) ? sore.often : hold,
    stop: sore.stop.includes(kind) ? SORE / 3 : 0,
    repeat: kind.startsWith('redis.') && !kind.endsWith('.reply') ? repeat : 0,
    holdMs,
  }
}

/** How likely a fault of `probability` is at one step. */
export function chanceAt({ soreStep }: Scenario, step: string, probability: number): number {
  return step === soreStep ? Math.min(SORE, probability * 20) : probability
}
