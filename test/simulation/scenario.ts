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
  readonly sore: {
    readonly lose: readonly string[]
    readonly hold: readonly string[]
    readonly stop: readonly string[]
  }
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

function mixed(random: Random, operations: number): Scenario {
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
    sore: { lose: [random.pick(MESSAGES)], hold: [random.pick(MESSAGES)], stop: [random.pick(MESSAGES)] },
    soreStep: random.pick(STEPS),
    killAtStep: random.pick([0, 0, 0.005, 0.02]),
    pauseAtStep: random.pick([0, 0.01, 0.03]),
    terminateAtStep: random.pick([0, 0, 0.01, 0.04]),
    faultEveryMs: random.pick([60, 250, 1_000]),
    faults,
  }
}

/** Mixtures that are hard on one part of the protocol. */
const FOCUSES = {
  /** Writers die between fence and COMMIT, repairs come late, and nothing covers their traces. */
  repair: {
    documents: 1,
    thinkMs: 10,
    holdMs: 100,
    sore: { lose: ['redis.put'], hold: ['redis.unfence'], stop: [] },
    soreStep: 'write.fenced',
    killAtStep: 0,
    pauseAtStep: 0.001,
    terminateAtStep: 0.02,
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** Both tries of a fence arrive, far apart. */
  'late-fence': {
    documents: 1,
    thinkMs: 10,
    holdMs: 500,
    sore: { lose: ['redis.put'], hold: ['redis.fence', 'redis.unfence'], stop: [] },
    soreStep: 'write.fenced',
    killAtStep: 0,
    pauseAtStep: 0.001,
    terminateAtStep: 0.02,
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** Writers take their time before COMMIT, and the cache does not follow. */
  'slow-writer': {
    documents: 1,
    thinkMs: 10,
    holdMs: 100,
    sore: { lose: ['redis.put'], hold: ['postgres.commit'], stop: [] },
    faultEveryMs: 1_000,
  },
  /** The answer of the database to a renewal comes late, while somebody else turns the view OFF. */
  renewal: {
    documents: 1,
    thinkMs: 10,
    holdMs: 1_200,
    sore: { lose: [], hold: ['postgres.read-view.reply'], stop: [] },
    faultEveryMs: 250,
    faults: ['redis-cut'],
  },
} satisfies Record<string, Partial<Scenario>>

export type Focus = keyof typeof FOCUSES

const FOCUS_NAMES = Object.keys(FOCUSES) as readonly Focus[]
const FOCUSED = 0.3

/** `focus`: for a rule that guards one part; otherwise some runs draw one. */
export function drawScenario(random: Random, operations: number, focus?: Focus): Scenario {
  const scenario = mixed(random, operations)
  const drawn = random.chance(FOCUSED) ? random.pick(FOCUS_NAMES) : undefined
  const chosen = focus ?? drawn
  return chosen === undefined ? scenario : { ...scenario, ...FOCUSES[chosen] }
}

/** What may become of a message of this kind. */
export function fateOf({ lose, hold, holdMs, sore }: Scenario, kind: string): Fate {
  return {
    lose: sore.lose.includes(kind) ? SORE : lose,
    hold: sore.hold.includes(kind) ? SORE : hold,
    stop: sore.stop.includes(kind) ? SORE / 3 : 0,
    holdMs,
  }
}

/** How likely a fault of `probability` is at one step. */
export function chanceAt({ soreStep }: Scenario, step: string, probability: number): number {
  return step === soreStep ? Math.min(SORE, probability * 20) : probability
}
