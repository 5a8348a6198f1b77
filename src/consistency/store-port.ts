import type { Change, DocumentRef, HeldVersion, Row, SpeculativeChanges } from './document-rows.ts'
import type { DatabaseState, OtherLayout, UndrainedView, View, ViewSnapshot, ViewToken } from './views.ts'

/** Row locks that other writers hold: wait for them, or leave their documents out (WriteTransaction.unlocked). */
export type RowLocks = 'wait' | 'skip'

/** BEGIN, VIEW lock shared (both levels), row locks, then view and rows read in new statements: in that order. */
export interface WriteTransaction {
  readonly view: View
  /** A view of the other layout is ON, or leases of it may be alive: the fences of this write would not stop its readers. */
  readonly otherLayoutUsed: boolean
  /** Rows that exist, in no particular order. */
  readonly rows: readonly Row[]
  /** Documents whose row is not the one that the caller held: with any, the transaction can only be rolled back. */
  readonly outdated: readonly DocumentRef[]
  /** With `skip`, documents whose row lock another writer holds: their rows must not be used. */
  readonly unlocked: readonly DocumentRef[]
  /** Lower bound of new versions: lower ones may have been given in a time that the database has lost. */
  readonly versionBase: number
  /** The version of the admin defaults; null = none are loaded. */
  readonly defaultsVersion: number | null
  /** As in DatabaseState. */
  readonly server: string
  /** Reads the state of the database of this transaction in a new statement. */
  look(): Promise<DatabaseState>
  /**
   * UPDATE, history and COMMIT. Resolves to the stored rows, in the order of the changes. WriteConflictError when a row
   * is not what was read under the locks (changed by hand meanwhile); CommitUnknownError when it is open whether the
   * COMMIT took place; after any other error nothing was stored. With speculative changes these are stored already, and this
   * is the COMMIT.
   */
  applyAndCommit(changes: readonly Change[]): Promise<readonly Row[]>
  /** Never throws, and does nothing after a COMMIT that may have taken place. */
  rollback(): Promise<void>
}

/** BEGIN and the exclusive VIEW lock of this view: no writer of its users is between its fence and its COMMIT. */
export interface GateTransaction {
  readonly view: View
  readonly otherLayout: OtherLayout
  /** As in DatabaseState. */
  readonly database: string
  readonly nextXid: bigint
  /** Every transaction with a smaller id has ended: later changes have this id or a greater one. */
  readonly oldestXid: bigint
  /** Documents changed by transaction `xid` or a later one, at most `limit`. */
  changedSince(xid: bigint, limit: number): Promise<readonly { ref: DocumentRef; version: number }[]>
  /** Sets ON(V), effective with COMMIT. No lease is running; the longest one is `leaseMs` from now on. */
  setOn(v: ViewToken, leaseMs: number): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** Rows of one snapshot, and the epoch of the view that was ON in the same snapshot; null = it was OFF. */
export interface RowsRead {
  readonly rows: readonly Row[]
  readonly epoch: number | null
}

/** The moment of one snapshot of a database. */
export interface Moment {
  /** As in DatabaseState. */
  readonly database: string
  /** As in DatabaseState: transaction ids of two servers, or from before a crash, are not comparable. */
  readonly server: string
  /** Every transaction with a smaller id has ended, so that the snapshot holds its changes. */
  readonly oldestXid: bigint
}

/** The rows of one snapshot that are not at the versions held. */
export interface ChangedRows extends RowsRead, Moment {}

/** The documents that were changed since a transaction, deleted ones included; undefined = more than the limit. */
export interface RecentChanges extends Moment {
  readonly changed: readonly { readonly ref: DocumentRef; readonly version: number }[] | undefined
}

/** PostgreSQL. Every method rejects with DatabaseUnavailableError when the server cannot be reached in time. */
export interface StorePort {
  readView(): Promise<ViewSnapshot>
  /** All rows in one statement, deleted ones included; documents that never existed are absent. */
  readRows(refs: readonly DocumentRef[]): Promise<RowsRead>
  /**
   * The same, without the rows that are at the version held; `held` has one entry per ref, undefined = nothing is held. A
   * document that is held and does not exist is answered with version 0 and no data.
   */
  readChangedRows(
    refs: readonly DocumentRef[],
    held: readonly (HeldVersion | undefined)[],
  ): Promise<ChangedRows>
  /** Documents changed by transaction `xid` of the present incarnation or a later one, in one statement. */
  readChangesSince(xid: bigint, limit: number): Promise<RecentChanges>
  /** Tries the row locks without waiting; with all of them, reads the rows in a new statement. Null = a writer holds one. */
  readIfUnlocked(refs: readonly DocumentRef[]): Promise<RowsRead | null>
  /**
   * `speculative`: the versions are read in place of the rows that the caller holds, and the changes are stored at once behind
   * that, but not committed.
   */
  beginWrite(
    refs: readonly DocumentRef[],
    rowLocks: RowLocks,
    speculative?: SpeculativeChanges,
  ): Promise<WriteTransaction>
  /** Under the exclusive VIEW lock of this view: ON at `epoch` becomes OFF, not drained, epoch + 1. Resolves to the view after that. */
  setOff(epoch: number, reason: string): Promise<View>
  /** Under the exclusive VIEW lock of all views: the views of the other layout become OFF. Resolves to those that have to be drained. */
  setOtherLayoutOff(): Promise<readonly UndrainedView[]>
  /** Each that is OFF at its epoch becomes drained. */
  setOtherLayoutDrained(views: readonly UndrainedView[]): Promise<void>
  /** Call before an instance grants itself a lease that is longer than that of the view. */
  raiseLease(leaseMs: number): Promise<void>
  /** OFF at `epoch` becomes drained. */
  setDrained(epoch: number): Promise<void>
  /**
   * OFF, drained and still at `epoch`: takes a new epoch, `atLeast` or above, and commits it. Null when another instance
   * moved on.
   */
  newEpoch(epoch: number, atLeast: number): Promise<number | null>
  beginGate(): Promise<GateTransaction>
  /**
   * Begins a new incarnation in the place of `database`, and turns the view OFF, not drained. Nothing happens when another
   * instance was faster. Its number is `atLeast` or above.
   */
  beginIncarnation(database: string, reason: string, atLeast: number): Promise<void>
}

/** PostgreSQL cannot be reached or did not answer in time; nothing was stored. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError'
}

/** Another transaction changed a row in a way that the locks do not order; nothing was stored, and the caller may try again. */
export class WriteConflictError extends Error {
  override readonly name = 'WriteConflictError'
}

/** COMMIT was sent, but its outcome is unknown. */
export class CommitUnknownError extends Error {
  override readonly name = 'CommitUnknownError'
}
