import type { DocumentRef } from '../consistency/ports.ts'
import type { ReadStatus } from '../consistency/read-outcome.ts'

/** One change of a document as it is stored; `changes` is JSON text, which an operator may have changed to anything. */
export interface HistoryRecord {
  readonly version: number
  /** RFC 3339 with milliseconds, UTC. */
  readonly updated_at: string
  readonly updated_by: string
  readonly reason: string
  readonly changes: string
}

export interface HistoryQuery {
  readonly limit: number
  /** Only versions below this one. */
  readonly before?: number
  /** Only entries whose changes touch this section. */
  readonly section?: string | undefined
}

/** The versions that documents had. Every method rejects with DatabaseUnavailableError when the server is away. */
export interface HistoryPort {
  /** Newest first. */
  list(ref: DocumentRef, query: HistoryQuery): Promise<readonly HistoryRecord[]>
  /** The document as it was at `version` (JSON text); undefined when the history does not hold it. */
  readContent(ref: DocumentRef, version: number): Promise<string | undefined>
  /** The highest version that the retention removed; 0 = none. */
  readPrunedVersion(ref: DocumentRef): Promise<number>
}

/** Counts reads of settings. */
export interface ReadObserverPort {
  readAnswered(status: ReadStatus): void
}
