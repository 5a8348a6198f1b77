import type { Pool } from 'pg'
import type { DueWork, JobsStorePort, OpenJobs } from '../jobs/ports.ts'
import type { Availability } from './availability.ts'
import { countRunningBulks } from './statements/bulk-changes.ts'
import { countOpenSchedules, selectDueWork } from './statements/schedules.ts'

/** The JobsStorePort over PostgreSQL. */
export class PostgresJobs implements JobsStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  look(): Promise<DueWork> {
    return this.#availability.query(() => selectDueWork(this.#pool))
  }

  countOpen(): Promise<OpenJobs> {
    return this.#availability.query(async () => {
      const { count: schedule, overdueMs } = await countOpenSchedules(this.#pool)
      return { schedule, overdueMs, bulk: await countRunningBulks(this.#pool) }
    })
  }
}
