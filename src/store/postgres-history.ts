import type { Pool } from 'pg'
import type { DocumentRef } from '../consistency/ports.ts'
import type { HistoryPort, HistoryQuery, HistoryRecord } from '../settings/ports.ts'
import type { Availability } from './availability.ts'
import { selectHistory, selectOldContent, selectPrunedVersion } from './statements/history.ts'

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

  readContent(ref: DocumentRef, version: number): Promise<string | undefined> {
    return this.#availability.query(() => selectOldContent(this.#pool, ref, version))
  }

  readPrunedVersion(ref: DocumentRef): Promise<number> {
    return this.#availability.query(() => selectPrunedVersion(this.#pool, ref))
  }
}
