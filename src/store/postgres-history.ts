import type { Pool } from 'pg'
import type { DocumentRef } from '../consistency/document-rows.ts'
import type {
  AuditPort,
  AuditQuery,
  AuditRecord,
  HistoryPort,
  HistoryQuery,
  HistoryRecord,
  PastDocuments,
  PastMoment,
  PastVersion,
} from '../settings/ports.ts'
import type { Availability } from './availability.ts'
import { selectAudit } from './statements/audit.ts'
import { selectHistory } from './statements/history.ts'
import { selectMoment, selectVersion } from './statements/past.ts'

/** The HistoryPort and the AuditPort over PostgreSQL. */
export class PostgresHistory implements HistoryPort, AuditPort {
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

  audit(query: AuditQuery): Promise<readonly AuditRecord[]> {
    return this.#availability.query(() => selectAudit(this.#pool, query))
  }
}
