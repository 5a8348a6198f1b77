import { PSQL_FAULTS } from '../faults/by-hand.ts'
import { REDIS_CLI_FAULTS } from '../faults/redis-cli.ts'
import type { Scenario } from './scenario.ts'

export const BY_HAND: readonly Scenario[] = [
  { name: 'C10', says: 'an operator runs psql', faults: PSQL_FAULTS },
  { name: 'D5', says: 'an operator runs redis-cli', faults: REDIS_CLI_FAULTS },
]
