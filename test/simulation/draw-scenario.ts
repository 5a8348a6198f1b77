import { CLUSTER_FOCUSES, type ClusterFocus } from './cluster-focuses.ts'
import { CLUSTER_FAULT_NAMES, FAULT_NAMES } from './faults.ts'
import { FOCUSES, type Focus } from './focuses.ts'
import type { Random } from './random.ts'
import { type Scenario, SORE } from './scenario.ts'

/** Messages and steps that a run may be hard on: what goes wrong there is rare otherwise, and it takes two or three. */
const MESSAGES = [
  'redis.read',
  'redis.readHeads',
  'redis.identify',
  'redis.fence',
  'redis.put',
  'redis.fill',
  'redis.makeStamps',
  'redis.unfence',
  'redis.adopt',
  'redis.cold',
  'redis.sweep',
  'redis.proposeMarker',
  'redis.advanceMarker',
  'redis.draw',
  'redis.open',
  'postgres.read-view',
  'postgres.read-changed-rows',
  'postgres.read-if-unlocked',
  'postgres.apply-and-commit',
  'postgres.commit',
].flatMap(kind => [kind, `${kind}.reply`])
const STEPS = [
  'write.locked',
  'write.fenced',
  'write.committed',
  'gate.epoch',
  'gate.adopted',
  'gate.cold',
  'gate.fenced',
  'outage.off',
]

function mixed(random: Random, operations: number): Scenario {
  const faults = Array.from({ length: random.pick([1, 2, 4, 12]) }, () => random.pick(FAULT_NAMES))
  // The fault by which one gateway turns the view OFF while others still hold their leases.
  if (random.chance(0.5)) faults.push('redis-cut')
  return {
    gateways: 2 + random.int(2),
    databases: 1,
    documents: random.pick([1, 1, 2, 3]),
    clients: 3 + random.int(6),
    operations,
    thinkMs: random.pick([10, 40, 150]),
    stepMs: random.pick([0.5, 2]),
    leaseFactors: [1],
    deletions: 0.08,
    lose: random.pick([0, 0.01, 0.04]),
    hold: random.pick([0, 0.02, 0.1]),
    holdMs: random.pick([100, 500, 2_500]),
    repeat: random.pick([0, 0, 0, 0.02]),
    sore: {
      lose: [random.pick(MESSAGES)],
      hold: [random.pick(MESSAGES)],
      stop: [random.pick(MESSAGES)],
      often: SORE,
    },
    soreStep: random.pick(STEPS),
    killAtStep: random.pick([0, 0, 0.005, 0.02]),
    pauseAtStep: random.pick([0, 0.01, 0.03]),
    terminateAtStep: random.pick([0, 0, 0.01, 0.04]),
    faultEveryMs: random.pick([60, 250, 1_000]),
    faults,
  }
}

const FOCUS_NAMES = (Object.keys(FOCUSES) as readonly Focus[]).filter(
  name => name !== 'two-databases-flushed',
)
const FOCUSED = 0.3

const CLUSTER_FOCUS_NAMES = Object.keys(CLUSTER_FOCUSES) as readonly ClusterFocus[]

/** `cluster`: a mixture of everything that may happen to gateways with a cluster. */
export type AnyFocus = Focus | ClusterFocus | 'cluster'

/** Gateways with a cluster: its slots move all the time. */
function withCluster(random: Random, operations: number): Scenario {
  const faults = Array.from({ length: random.pick([2, 4, 8]) }, () => random.pick(CLUSTER_FAULT_NAMES))
  const scenario: Scenario = {
    ...mixed(random, operations),
    cluster: random.chance(0.15) ? 'some' : 'all',
    documents: random.pick([1, 2]),
    faults: ['cluster-move', ...faults],
  }
  return random.chance(FOCUSED)
    ? { ...scenario, ...CLUSTER_FOCUSES[random.pick(CLUSTER_FOCUS_NAMES)] }
    : scenario
}

/** `focus`: for a rule that guards one part; otherwise some runs draw one. */
export function drawScenario(random: Random, operations: number, focus?: AnyFocus): Scenario {
  if (focus === 'cluster') return withCluster(random, operations)
  const scenario = mixed(random, operations)
  const drawn = random.chance(FOCUSED) ? random.pick(FOCUS_NAMES) : undefined
  const chosen = focus ?? drawn
  return chosen === undefined
    ? scenario
    : {
        ...scenario,
        ...(chosen in FOCUSES ? FOCUSES[chosen as Focus] : CLUSTER_FOCUSES[chosen as ClusterFocus]),
      }
}
