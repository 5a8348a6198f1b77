import { DEMOTION_FAULTS, REPLICA_FAULTS } from '../faults/replication.ts'
import type { Scenario } from './scenario.ts'

export const REPLICATION: readonly Scenario[] = [
  {
    name: 'C1',
    says: 'a replica is attached to a running Redis, a backup is taken as a replica takes it',
    faults: REPLICA_FAULTS,
  },
  { name: 'C2', says: 'the primary is demoted while its connections live', faults: DEMOTION_FAULTS },
]
