import type { Pool } from 'pg'
import type {
  HistoryLimits,
  RetentionStep,
  RetentionStorePort,
  RetentionTask,
  TableSize,
} from '../retention/ports.ts'
import type { Availability } from './availability.ts'
import { asUnavailable } from './database-errors.ts'
import {
  claimRetention,
  pruneHistory,
  pruneReplies,
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
    return this.#run(() => claimRetention(this.#pool, holder))
  }

  step(task: RetentionTask, limits: HistoryLimits): Promise<RetentionStep> {
    const steps = {
      history: () => pruneHistory(this.#pool, limits),
      sequences: () => pruneSequences(this.#pool),
      replies: () => pruneReplies(this.#pool),
    }
    return this.#run(steps[task])
  }

  sizes(): Promise<readonly TableSize[]> {
    return this.#run(() => selectTableSizes(this.#pool))
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#availability.race(work)
    } catch (error) {
      throw asUnavailable(error)
    }
  }
}
