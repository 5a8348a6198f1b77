import type { DocumentRef, Row } from './ports.ts'

/** A change as the caller plans it under the row locks; the version is the protocol's business. */
export interface PlannedChange {
  readonly ref: DocumentRef
  readonly data: string | null
  readonly changes: string
}

/** What to store, given the rows. Pure; may throw to give up (nothing of it is stored). */
export interface Decision<T> {
  readonly changes: readonly PlannedChange[]
  readonly result: T
}

export interface WriteResult<T> {
  readonly result: T
  /** The stored rows, in the order of the changes; empty when nothing changed. */
  readonly rows: readonly Row[]
}
