import type { Pool } from 'pg'
import type { FoundUsers, StoredUser, UserBatch, UserQuery, UserStorePort } from '../transfer/ports.ts'
import type { Availability } from './availability.ts'
import { selectCandidates, selectUsers, selectWholeUsers } from './statements/users.ts'

/** The UserStorePort over the `documents` table. */
export class PostgresUsers implements UserStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  async list(query: UserQuery): Promise<FoundUsers> {
    for (const condition of query.where) {
      const only = await this.#availability.query(() => selectCandidates(this.#pool, condition))
      if (only !== undefined) return this.#availability.query(() => selectUsers(this.#pool, query, only))
    }
    return this.#availability.query(() => selectUsers(this.#pool, query))
  }

  read(batch: UserBatch): Promise<readonly StoredUser[]> {
    return this.#availability.query(() => selectWholeUsers(this.#pool, batch))
  }
}
