import type { Pool } from 'pg'
import type { ListedUser, StoredUser, UserBatch, UserQuery, UserStorePort } from '../transfer/ports.ts'
import type { Availability } from './availability.ts'
import { selectUsers, selectWholeUsers } from './statements/users.ts'

/** The UserStorePort over the `documents` table. */
export class PostgresUsers implements UserStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  list(query: UserQuery): Promise<readonly ListedUser[]> {
    return this.#availability.query(() => selectUsers(this.#pool, query))
  }

  read(batch: UserBatch): Promise<readonly StoredUser[]> {
    return this.#availability.query(() => selectWholeUsers(this.#pool, batch))
  }
}
