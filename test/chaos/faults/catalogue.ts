import { MANUAL_EDIT, PSQL_FAULTS, TERMINATED } from './by-hand.ts'
import { FAILOVER } from './failover.ts'
import type { Fault } from './fault.ts'
import { NETWORK_FAULTS } from './network.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { REDIS_CLI_FAULTS } from './redis-cli.ts'
import { REDIS_DATA_FAULTS } from './redis-data.ts'
import { DEMOTION_FAULTS, REPLICA_FAULTS } from './replication.ts'

/** Faults at any moment. */
export const PLAIN_FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...REDIS_DATA_FAULTS,
  ...NETWORK_FAULTS,
  FAILOVER,
  ...REPLICA_FAULTS,
  ...DEMOTION_FAULTS,
  MANUAL_EDIT,
  TERMINATED,
  ...PSQL_FAULTS,
  ...REDIS_CLI_FAULTS,
]

/** The faults that only hurt Redis and gateways: numbers go on under all of them. */
export const REDIS_FAULTS: readonly Fault[] = PLAIN_FAULTS.filter(({ name }) =>
  /Redis|redis-cli|FLUSH|replica|gateway/.test(name),
)
