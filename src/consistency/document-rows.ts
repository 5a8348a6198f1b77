/** Documents as the store holds them, and changes of them. Names are those of docs/consistency.md. */

/** One document of one user; the admin defaults are a document of the pseudo-user `@admin`. */
export interface DocumentRef {
  readonly userId: string
  readonly kind: string
}

/** A stored document. `data` is JSON text; null when the user was deleted (the version must never restart). */
export interface Row {
  readonly ref: DocumentRef
  readonly version: number
  /** RFC 3339 with milliseconds, UTC. */
  readonly updatedAt: string
  readonly data: string | null
  /** True of what a write stored: `data` is as its decision wrote it, and not as PostgreSQL writes it out. */
  readonly isCanonical?: true
}

export interface ChangeMeta {
  /** The caller: `42`, `admin:7`, `service:bot`. */
  readonly updatedBy: string
  /**
   * put, load-defaults, reset, rollback, provision, import, sync-defaults, delete, and for a job its step:
   * `schedule:<id>:<step>`, `bulk:<id>`. Its step is marked done in the same transaction (mark_step of 020.do.write-cost.sql).
   */
  readonly reason: string
}

/** A change of one document as the transaction stores it. `version` is the new one. */
export interface Change extends ChangeMeta {
  readonly ref: DocumentRef
  /** The version it replaces; 0 = the document does not exist. */
  readonly previous: number
  readonly version: number
  /** JSON text of the new content, null when the document is deleted. */
  readonly data: string | null
  /** JSON text: array of {path, current, next}. */
  readonly changes: string
}

/** Changes that are planned before their rows are read under the locks, from rows that the caller has stored earlier. */
export interface SpeculativeChanges {
  /** The row of each document, in the order of the refs. */
  readonly held: readonly Row[]
  readonly changes: readonly Change[]
}

/** A version of a document that a cache or a caller holds. */
export interface HeldVersion {
  readonly version: number
  /** RFC 3339, of the same row; undefined when only the version is known. */
  readonly updatedAt: string | undefined
}
