import { FAULT_NAMES, type FaultName } from './faults.ts'
import type { Fate } from './network.ts'
import type { Random } from './random.ts'

/** Messages and steps that a run may be hard on: what goes wrong there is rare otherwise, and it takes two or three. */
const MESSAGES = [
  'redis.read',
  'redis.readHeads',
  'redis.identify',
  'redis.fence',
  'redis.put',
  'redis.unfence',
  'redis.adopt',
  'redis.advanceMarker',
  'redis.draw',
  'redis.open',
  'postgres.read-view',
  'postgres.read-rows',
  'postgres.read-if-unlocked',
  'postgres.apply',
  'postgres.commit',
].flatMap(kind => [kind, `${kind}.reply`])
const STEPS = [
  'write.locked',
  'write.fenced',
  'write.applied',
  'write.committed',
  'gate.epoch',
  'gate.adopted',
  'gate.cold',
  'gate.repaired',
  'outage.off',
]
const SORE = 0.3

/** What one run looks like. Each seed draws another mixture, so that rare combinations get runs of their own. */
export interface Scenario {
  readonly gateways: number
  readonly documents: number
  readonly clients: number
  readonly operations: number
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number
  /** Longest time that passes with one step of the scheduler. */
  readonly stepMs: number
  readonly lose: number
  readonly hold: number
  readonly holdMs: number
  /** Kinds of messages that are often lost or late, or whose sender often stands still. */
  readonly sore: { readonly lose: string; readonly hold: string; readonly stop: string }
  /** A step at which the three following happen often. */
  readonly soreStep: string
  /** Probabilities at each numbered step of the protocol. */
  readonly killAtStep: number
  readonly pauseAtStep: number
  readonly terminateAtStep: number
  /** Mean pause between two faults. */
  readonly faultEveryMs: number
  readonly faults: readonly FaultName[]
}

export function drawScenario(random: Random, operations: number): Scenario {
  const faults = Array.from({ length: random.pick([1, 2, 4, 12]) }, () => random.pick(FAULT_NAMES))
  // The fault by which one gateway turns the view OFF while others still hold their leases.
  if (random.chance(0.5)) faults.push('redis-cut')
  return {
    gateways: 2 + random.int(2),
    documents: random.pick([1, 1, 2, 3]),
    clients: 3 + random.int(6),
    operations,
    thinkMs: random.pick([10, 40, 150]),
    stepMs: random.pick([0.5, 2]),
    lose: random.pick([0, 0.01, 0.04]),
    hold: random.pick([0, 0.02, 0.1]),
    holdMs: random.pick([100, 500, 2_500]),
    sore: { lose: random.pick(MESSAGES), hold: random.pick(MESSAGES), stop: random.pick(MESSAGES) },
    soreStep: random.pick(STEPS),
    killAtStep: random.pick([0, 0, 0.005, 0.02]),
    pauseAtStep: random.pick([0, 0.01, 0.03]),
    terminateAtStep: random.pick([0, 0, 0.01, 0.04]),
    faultEveryMs: random.pick([60, 250, 1_000]),
    faults,
  }
}

/** What may become of a message of this kind. */
export function fateOf({ lose, hold, holdMs, sore }: Scenario, kind: string): Fate {
  return {
    lose: kind === sore.lose ? SORE : lose,
    hold: kind === sore.hold ? SORE : hold,
    stop: kind === sore.stop ? SORE / 3 : 0,
    holdMs,
  }
}

/** How likely a fault of `probability` is at one step. */
export function chanceAt({ soreStep }: Scenario, step: string, probability: number): number {
  return step === soreStep ? Math.min(SORE, probability * 20) : probability
}
