import type { DocumentRef, Row } from '../consistency/document-rows.ts'
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

/** A version of a document; `row` is undefined when the history does not hold it, and has no data when it is a deletion. */
interface PastRow {
  readonly row: Row | undefined
  /** The highest version that the retention removed; 0 = none. */
  readonly pruned: number
}

export interface PastVersion extends PastRow {
  readonly userExists: boolean
}

/** Documents of a user at a moment. The user exists when the document `root` does. */
export interface PastMoment {
  readonly userId: string
  readonly root: string
  readonly kinds: readonly string[]
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface PastDocuments {
  readonly userExists: boolean
  /** By the clock that stamps the versions, milliseconds since 1970. */
  readonly now: number
  /** In the order of the kinds: the newest versions that were stored at the moment or before. */
  readonly documents: readonly (PastRow & {
    /** The document is there, and was created at the moment or before. */
    readonly existed: boolean
  })[]
}

/** The versions that documents had. Every method rejects with DatabaseUnavailableError when the server is away. */
export interface HistoryPort {
  /** Newest first. */
  list(ref: DocumentRef, query: HistoryQuery): Promise<readonly HistoryRecord[]>
  /** One version of a document of a user, who exists when the document `root` does. */
  readVersion(ref: DocumentRef, root: string, version: number): Promise<PastVersion>
  /** All documents as of one moment. */
  readMoment(moment: PastMoment): Promise<PastDocuments>
}

/** A place in the audit, which is ordered by these, newest first. */
export interface AuditPosition {
  /** Of `updated_at`, since 1970: finer than its text. */
  readonly microseconds: number
  readonly user_id: string
  readonly document: string
  readonly version: number
}

/** Which changes of all users; undefined = any. */
export interface AuditFilter {
  readonly userId: string | undefined
  readonly updatedBy: string | undefined
  readonly reason: string | undefined
  /** Milliseconds since 1970: not before `from`, and before `until`. */
  readonly from: number | undefined
  readonly until: number | undefined
}

export interface AuditQuery extends AuditFilter {
  /** Only what is older than this. */
  readonly after: AuditPosition | undefined
  readonly limit: number
  /** The most changes that are looked at. */
  readonly scan: number
}

export interface AuditRecord extends AuditPosition, HistoryRecord {
  /** False: it is answered only because the look ended there. */
  readonly matches: boolean
  /** As many changes as allowed were looked at, and this one is the last. */
  readonly ends: boolean
}

/** Changes of all users. Rejects with DatabaseUnavailableError when the server is away. */
export interface AuditPort {
  /** Newest first. */
  audit(query: AuditQuery): Promise<readonly AuditRecord[]>
}

/** Counts reads of settings. */
export interface ReadObserverPort {
  readAnswered(status: ReadStatus): void
}
