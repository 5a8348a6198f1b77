import { MANUAL_EDIT, TERMINATED } from './by-hand.ts'
import { FAILOVER } from './failover.ts'
import type { Fault } from './fault.ts'
import { NETWORK_FAULTS } from './network.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { REDIS_DATA_FAULTS } from './redis-data.ts'

/** Faults at any moment. */
export const PLAIN_FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...REDIS_DATA_FAULTS,
  ...NETWORK_FAULTS,
  FAILOVER,
  MANUAL_EDIT,
  TERMINATED,
]

/** The faults that only hurt Redis and gateways: numbers go on under all of them. */
export const REDIS_FAULTS: readonly Fault[] = PLAIN_FAULTS.filter(({ name }) =>
  /Redis|FLUSH|replica|gateway/.test(name),
)
