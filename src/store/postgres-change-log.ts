import type { Pool } from 'pg'
import type { ChangePoint } from '../events/change-point.ts'
import type { ChangeLog, ChangesSince, DocumentChange } from '../events/ports.ts'
import type { Availability } from './availability.ts'
import { selectChangesAfter, selectVersionsOf } from './statements/changes.ts'

/** The ChangeLog over the `documents` table: the id of the transaction that changed a row last is indexed. */
export class PostgresChangeLog implements ChangeLog {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  since(since: ChangePoint | undefined, limit: number): Promise<ChangesSince | 'not-yet'> {
    return this.#availability.query(() => selectChangesAfter(this.#pool, since, limit))
  }

  documentsOf(userIds: readonly string[]): Promise<readonly DocumentChange[]> {
    return this.#availability.query(() => selectVersionsOf(this.#pool, userIds))
  }
}
