import { CLOCK_JUMP_MS } from '../consistency/lease.ts'
import type { VariableName, Variables } from './variables.ts'

/** Timers may fire early. */
const EARLY_TIMERS_MS = 100
/** A lease ends so late at most when clocks jump. */
const OFF_MARGIN_MS = CLOCK_JUMP_MS + EARLY_TIMERS_MS
/** Clocks of machines differ in rate. */
const CLOCK_RATE_ERROR = 0.01

type Times = Readonly<Record<VariableName, number>>

interface Rule {
  /** Variables it speaks of; the rule is skipped when one of them is faulty. */
  readonly of: readonly VariableName[]
  readonly holds: (vars: Times) => boolean
  readonly fault: (vars: Times) => string
}

const offWaitLeast = (vars: Times) => Math.ceil(vars.LEASE_MS * (1 + CLOCK_RATE_ERROR)) + OFF_MARGIN_MS

/** Numbers that contradict one another. */
const RULES: readonly Rule[] = [
  {
    of: ['LEASE_RENEW_MS', 'LEASE_MS'],
    holds: vars => vars.LEASE_RENEW_MS <= vars.LEASE_MS / 4,
    fault: vars =>
      `LEASE_RENEW_MS (${vars.LEASE_RENEW_MS}) must be at most a quarter of LEASE_MS (${vars.LEASE_MS})`,
  },
  {
    of: ['OFF_WAIT_MS', 'LEASE_MS'],
    holds: vars => vars.OFF_WAIT_MS >= offWaitLeast(vars),
    fault: vars =>
      `OFF_WAIT_MS (${vars.OFF_WAIT_MS}) must be at least ${offWaitLeast(vars)}: LEASE_MS (${vars.LEASE_MS}) and a margin`,
  },
  below('REDIS_READ_TIMEOUT_MS', 'LEASE_MS', 'a later reply could never be a hit'),
  below(
    'IDLE_IN_TRANSACTION_TIMEOUT_MS',
    'STATEMENT_TIMEOUT_MS',
    'those who wait for a row must outlast its holder',
  ),
  {
    of: ['FENCE_TIMEOUT_MS', 'IDLE_IN_TRANSACTION_TIMEOUT_MS'],
    holds: vars => 2 * vars.FENCE_TIMEOUT_MS < vars.IDLE_IN_TRANSACTION_TIMEOUT_MS,
    fault: vars =>
      `FENCE_TIMEOUT_MS (${vars.FENCE_TIMEOUT_MS}) twice must be less than IDLE_IN_TRANSACTION_TIMEOUT_MS (${vars.IDLE_IN_TRANSACTION_TIMEOUT_MS})`,
  },
  {
    of: ['SHUTDOWN_TIMEOUT_MS', 'SHUTDOWN_DELAY_MS', 'STATEMENT_TIMEOUT_MS', 'OFF_WAIT_MS'],
    holds: vars =>
      vars.SHUTDOWN_TIMEOUT_MS > vars.SHUTDOWN_DELAY_MS + vars.STATEMENT_TIMEOUT_MS + vars.OFF_WAIT_MS,
    fault: vars =>
      `SHUTDOWN_TIMEOUT_MS (${vars.SHUTDOWN_TIMEOUT_MS}) must be more than SHUTDOWN_DELAY_MS, STATEMENT_TIMEOUT_MS and OFF_WAIT_MS together (${vars.SHUTDOWN_DELAY_MS + vars.STATEMENT_TIMEOUT_MS + vars.OFF_WAIT_MS}): a write may take that long`,
  },
  {
    of: ['RATE_LIMIT_WRITE_MAX', 'RATE_LIMIT_MAX'],
    holds: vars => vars.RATE_LIMIT_MAX === 0 || vars.RATE_LIMIT_WRITE_MAX <= vars.RATE_LIMIT_MAX,
    fault: vars =>
      `RATE_LIMIT_WRITE_MAX (${vars.RATE_LIMIT_WRITE_MAX}) must be at most RATE_LIMIT_MAX (${vars.RATE_LIMIT_MAX})`,
  },
]

function below(lesser: VariableName, greater: VariableName, why: string): Rule {
  return {
    of: [lesser, greater],
    holds: vars => vars[lesser] < vars[greater],
    fault: vars => `${lesser} (${vars[lesser]}) must be less than ${greater} (${vars[greater]}): ${why}`,
  }
}

/** Adds a sentence for each broken rule whose variables are sound. */
export function checkContradictions(vars: Variables, faulty: ReadonlySet<string>, faults: string[]): void {
  const times = vars as unknown as Times
  for (const { of, holds, fault } of RULES) {
    if (!of.some(name => faulty.has(name)) && !holds(times)) faults.push(fault(times))
  }
}
