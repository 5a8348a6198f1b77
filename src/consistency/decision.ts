import type { DocumentRef, Row } from './document-rows.ts'

/** A change as the caller plans it under the row locks; the protocol assigns the version. */
export interface PlannedChange {
  readonly ref: DocumentRef
  /** JSON text in the form that the codec writes, so that it is stored in the cache as it is; null = deleted. */
  readonly data: string | null
  readonly changes: string
}

/** The changes to store, given the rows. Pure; may throw to give up (nothing of it is stored). */
export interface Decision<T> {
  readonly changes: readonly PlannedChange[]
  readonly result: T
}

export interface WriteResult<T> {
  readonly result: T
  /** The stored rows, in the order of the changes; empty when nothing changed. */
  readonly rows: readonly Row[]
}

/**
 * Is told which version of the admin defaults the transaction sees; null = none are loaded. Undefined = the decision can be
 * taken. A promise = it has to read them first: the transaction is given up, and the write tried again behind it.
 */
export type Prepare = (defaultsVersion: number | null) => Promise<void> | undefined
