import type { Pool } from 'pg'
import type {
  HistoryLimits,
  RetentionStep,
  RetentionStorePort,
  RetentionTask,
  TableSize,
} from '../retention/ports.ts'
import type { Availability } from './availability.ts'
import {
  claimRetention,
  pruneBulkChanges,
  pruneHistory,
  pruneInstances,
  pruneReplies,
  pruneSchedules,
  pruneSequences,
  selectTableSizes,
} from './statements/retention.ts'

/** The RetentionStorePort over PostgreSQL. */
export class PostgresRetention implements RetentionStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  claim(holder: string): Promise<boolean> {
    return this.#availability.query(() => claimRetention(this.#pool, holder))
  }

  step(task: RetentionTask, limits: HistoryLimits): Promise<RetentionStep> {
    const steps = {
      history: () => pruneHistory(this.#pool, limits),
      sequences: () => pruneSequences(this.#pool),
      replies: () => pruneReplies(this.#pool),
      schedules: () => pruneSchedules(this.#pool),
      'bulk-changes': () => pruneBulkChanges(this.#pool),
      instances: () => pruneInstances(this.#pool),
    }
    return this.#availability.query(steps[task])
  }

  sizes(): Promise<readonly TableSize[]> {
    return this.#availability.query(() => selectTableSizes(this.#pool))
  }
}
