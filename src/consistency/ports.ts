/**
 * The ports of the protocol, except for Redis (cache-port.ts). Production implements them with PostgreSQL and the clocks of the
 * process; the simulation with memory and a seeded scheduler. Names are those of docs/consistency.md.
 */

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

/** Identity of a Redis dataset: the server process and its replication history. */
export interface DatasetIdentity {
  readonly runId: string
  readonly replicationId: string
}

/** V: one epoch of trust of one database in one Redis dataset. */
export interface ViewToken {
  readonly epoch: number
  /** The incarnation of the database, as in DatabaseState. */
  readonly database: string
  readonly identity: DatasetIdentity
}

/** The view row. `identity` is the dataset of the last ON. */
export interface View {
  readonly mode: 'ON' | 'OFF'
  readonly epoch: number
  readonly drained: boolean
  readonly identity: DatasetIdentity | null
  /** The database that turned it ON last: ON means nothing in another one (restored, promoted). */
  readonly database: string | null
  readonly reason: string
  /** The longest lease granted since it was turned ON, milliseconds: an instance that drains waits for it. */
  readonly leaseMs: number
}

/** A view that is OFF and has to be drained, by the id of its row. */
export interface UndrainedView extends Pick<View, 'epoch' | 'leaseMs'> {
  readonly view: number
}

/**
 * The views of the other layout on this database: of instances with a Redis Cluster, if this one has a single Redis, and the
 * other way round. `used` = one is ON, or leases of it may be alive; `recent` = it was so in the last ten seconds.
 */
export type OtherLayout = 'none' | 'recent' | 'used'

/** Identity and state of the database that a connection leads to, from one snapshot. */
export interface DatabaseState {
  /**
   * The id of its incarnation, `<root>-<number>-<random>`: transaction ids of another one are not comparable. '' = none has
   * begun yet.
   */
  readonly database: string
  /** Why a new incarnation has to begin: the server is not the one of the stored incarnation. Null = it is. */
  readonly moved: string | null
  /** No transaction with this id or a greater one has ended. */
  readonly nextXid: bigint
  /** A text that differs after each start and each crash of the server, and between several servers. */
  readonly server: string
}

/** The view with the state of the database from the same snapshot. */
export interface ViewSnapshot extends DatabaseState {
  readonly view: View
  /** Every transaction with a smaller id has ended. */
  readonly oldestXid: bigint
  /** An instance without Redis has left requests that no instance has taken (handover.ts). */
  readonly handoversWait: boolean
  readonly otherLayout: OtherLayout
}

export interface ChangeMeta {
  /** The caller: `42`, `admin:7`, `service:bot`. */
  readonly updatedBy: string
  /** put, load-defaults, reset, rollback, provision, import, sync-defaults, delete. */
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

/** BEGIN, VIEW lock shared (both levels), row locks, then view and rows read in new statements: in that order. */
export interface WriteTransaction {
  readonly view: View
  /** A view of the other layout is ON, or leases of it may be alive: the fences of this write would not stop its readers. */
  readonly otherLayoutUsed: boolean
  /** Rows that exist, in no particular order. */
  readonly rows: readonly Row[]
  /** Documents whose row is not the one that the caller held: with any, the transaction can only be rolled back. */
  readonly outdated: readonly DocumentRef[]
  /** Documents whose row lock another writer holds; none when the transaction waits for its locks. */
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

/** A version of a document that a cache or a caller holds. */
export interface HeldVersion {
  readonly version: number
  /** RFC 3339, of the same row; undefined when only the version is known. */
  readonly updatedAt: string | undefined
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
   * `waits`: waits for row locks that other writers hold. Otherwise `unlocked` names those documents, whose rows must not be used.
   * `speculative`: the versions are read in place of the rows that the caller holds, and the changes are stored at once behind
   * that, but not committed.
   */
  beginWrite(
    refs: readonly DocumentRef[],
    waits: boolean,
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

export interface ClockPort {
  /** Monotonic, milliseconds. */
  now(): number
  /** Wall clock, milliseconds since 1970. */
  wall(): number
  sleep(ms: number): Promise<void>
  /** Resolves in the next turn of the event loop, when what has arrived by now was handled. */
  turn(): Promise<void>
  /** In [0, 1). */
  random(): number
  /** A nonce no other fence carries: 16 hex digits. */
  nonce(): string
}

/** How documents become keys and bytes. */
export interface CodecPort {
  /** The Redis keys of a document, the whole first, then its sections. */
  keys(ref: DocumentRef): readonly string[]
  /** The key of the view: what is stored beside it is of the database that it names. */
  readonly viewKey: string
  /** A key whose value grows with each fence and put of a document of the user. */
  stampKey(userId: string): string
  /** A key that is there for some minutes after documents of the user were deleted. */
  tombstoneKey(userId: string): string
  /** The bytes for each of `keys(row.ref)`. The row is not deleted. */
  encode(row: Row): readonly Buffer[]
}

/** Events for metrics and logs; chaos runs stop the process at its steps. */
export interface ObserverPort {
  /** A numbered step was reached (`write.fenced`, `gate.adopted`, ...). Awaited, so that a fault can be injected. */
  step(name: string): void | Promise<void>
  viewOff(reason: string, epoch: number): void
  viewOn(epoch: number, recoveryMs: number, fenced: number | 'cold'): void
  /** The view as a renewal read it; any instance may have changed it. */
  viewSeen(view: View): void
  /** A background duty failed and will be tried again. */
  failed(duty: string, error: unknown): void
}

/** The times of docs/consistency.md, all in milliseconds. */
export interface ProtocolTimes {
  readonly leaseMs: number
  readonly renewMs: number
  readonly offWaitMs: number
  /** For each of the two tries. */
  readonly fenceTimeoutMs: number
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
