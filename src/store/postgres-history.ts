import type { Pool } from 'pg'
import type { DocumentRef } from '../consistency/ports.ts'
import type {
  HistoryPort,
  HistoryQuery,
  HistoryRecord,
  PastDocuments,
  PastMoment,
  PastVersion,
} from '../settings/ports.ts'
import type { Availability } from './availability.ts'
import { selectHistory } from './statements/history.ts'
import { selectMoment, selectVersion } from './statements/past.ts'

/** The HistoryPort over PostgreSQL. */
export class PostgresHistory implements HistoryPort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  list(ref: DocumentRef, query: HistoryQuery): Promise<readonly HistoryRecord[]> {
    return this.#availability.query(() => selectHistory(this.#pool, ref, query))
  }

  readVersion(ref: DocumentRef, root: string, version: number): Promise<PastVersion> {
    return this.#availability.query(() => selectVersion(this.#pool, ref, root, version))
  }

  readMoment(moment: PastMoment): Promise<PastDocuments> {
    return this.#availability.query(() => selectMoment(this.#pool, moment))
  }
}
