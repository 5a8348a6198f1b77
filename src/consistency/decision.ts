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

/** When a transaction begins: all its writes had arrived by then, so that they may share what is read from then on. */
export type Moment = Readonly<Record<never, never>>

/** Reads what a decision needs besides the rows. */
export type Prepare = (moment: Moment) => Promise<void>
