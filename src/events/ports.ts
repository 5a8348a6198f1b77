import type { Expiry } from '../expiry.ts'
import type { ChangePoint } from './change-point.ts'

/** The newest state of a document that changed. */
export interface DocumentChange {
  readonly userId: string
  /** Kind of the document, such as `mode.scalp`. */
  readonly document: string
  readonly version: number
  readonly deleted: boolean
  /** The transaction that changed it last. */
  readonly xid: bigint
}

/** What was committed between two moments. */
export interface ChangesSince {
  readonly point: ChangePoint
  /** In the order of their transactions, one per document; `too-many` when there were more than the limit. */
  readonly changes: readonly DocumentChange[] | 'too-many'
}

/** The database's memory of changes. Rejects with DatabaseUnavailableError. */
export interface ChangeLog {
  /**
   * The changes that `since` did not include, at most `limit`; without it the present moment and no changes. `not-yet` while
   * instances may answer something older than an edit by hand: who is told of it now may read what was before.
   */
  since(since: ChangePoint | undefined, limit: number): Promise<ChangesSince | 'not-yet'>
  /** The documents of these users that were changed in this incarnation of the database, as they are, deleted ones included. */
  documentsOf(userIds: readonly string[]): Promise<readonly DocumentChange[]>
}

/** A caller that is told of one user's changes. The methods return at once and never throw. */
export interface ChangeListener {
  readonly userId: string
  /** When the right to listen ends; undefined = never. */
  readonly expiry: Expiry | undefined
  /** The last point the listener heard of; null = an id that is not known here; undefined = new. */
  readonly since: ChangePoint | null | undefined
  /** From `point` on everything is told. `missed`: what happened since `since`, or that it is not known. */
  open(point: ChangePoint, missed: readonly DocumentChange[] | 'resync'): void
  /** Everything up to `point`. */
  changed(point: ChangePoint, changes: readonly DocumentChange[] | 'resync'): void
  /** Nothing happened for a while, as of now. */
  idle(): void
  /** It could not be opened. */
  fail(error: unknown): void
  /** The end: the right has expired, or the instance shuts down. */
  end(): void
}
