import { BY_HAND } from './by-hand.ts'
import { CALLERS } from './callers.ts'
import { DATABASES } from './databases.ts'
import { DELETIONS } from './deletions.ts'
import { FOREIGN_KEYS } from './foreign-keys.ts'
import { MIDDLEMEN } from './middlemen.ts'
import { REPLICATION } from './replication.ts'
import type { Scenario } from './scenario.ts'
import { SERVERS } from './servers.ts'
import { SET_BACKS } from './set-back.ts'

/** Every scenario, in the order of their names. */
export const SCENARIOS: readonly Scenario[] = [
  ...REPLICATION,
  ...SERVERS,
  ...DATABASES,
  ...SET_BACKS,
  ...BY_HAND,
  ...FOREIGN_KEYS,
  ...MIDDLEMEN,
  ...DELETIONS,
  ...CALLERS,
].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
