import type { DocumentRef, Row } from './ports.ts'

/** A change as the caller plans it under the row locks; the protocol assigns the version. */
export interface PlannedChange {
  readonly ref: DocumentRef
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

/** The moment at which a transaction begins. All its writes have arrived by then, so they may share later reads. */
export type Moment = Readonly<Record<never, never>>

/** Reads what a decision needs besides the rows. */
export type Prepare = (moment: Moment) => Promise<void>
