import { MANUAL_EDIT, PSQL_FAULTS, TERMINATED } from './by-hand.ts'
import { CLUSTER_FAULTS, inCluster } from './cluster.ts'
import { FAILOVER } from './failover.ts'
import type { Fault } from './fault.ts'
import { NETWORK_FAULTS } from './network.ts'
import { PROCESS_FAULTS } from './processes.ts'
import { REDIS_CLI_FAULTS } from './redis-cli.ts'
import { REDIS_DATA_FAULTS } from './redis-data.ts'
import { DEMOTION_FAULTS, REPLICA_FAULTS } from './replication.ts'
import { STEP_FAULTS } from './steps.ts'

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

/** Faults at any moment that know nothing of the replication of one Redis. */
const SHARED_FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...REDIS_DATA_FAULTS,
  ...NETWORK_FAULTS,
  MANUAL_EDIT,
  TERMINATED,
  ...PSQL_FAULTS,
  ...REDIS_CLI_FAULTS,
]

/** The faults of a run with a cluster, to be drawn from in turn: its own, those at any moment, its own, those at a step. */
export const DECKS_OF_CLUSTER: readonly (readonly Fault[])[] = [
  CLUSTER_FAULTS,
  SHARED_FAULTS,
  CLUSTER_FAULTS,
  // A partition always starts cold: no gate fences what is at risk.
  STEP_FAULTS.filter(({ name }) => !name.endsWith('gate.fenced')),
].map(faults => faults.map(inCluster))

/** The faults that only hurt Redis and gateways: numbers go on under all of them. */
export const REDIS_FAULTS: readonly Fault[] = PLAIN_FAULTS.filter(({ name }) =>
  /Redis|redis-cli|FLUSH|replica|gateway/.test(name),
)
