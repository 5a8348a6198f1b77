/**
 * What the protocol needs of the world, Redis apart (cache-port.ts). Production gives it PostgreSQL and the process's
 * clocks; the simulation gives it memory and a seeded scheduler. Names are those of docs/consistency.md.
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
}

/** Which Redis dataset: the server process and its replication history. */
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

/** Which database a connection leads to, as one snapshot of it tells. */
export interface DatabaseState {
  /**
   * The id of its incarnation, `<root>-<number>-<random>`: transaction ids of another one mean nothing here. '' = none was
   * begun yet.
   */
  readonly database: string
  /** Why a new incarnation has to begin: the server is not the one that the stored incarnation speaks of. */
  readonly moved: string | null
  /** No transaction with this id or a greater one has ended. */
  readonly nextXid: bigint
  /** Another text after each start of the server, and for each server of several. */
  readonly server: string
}

/** The view with what one snapshot of the database knows besides. */
export interface ViewSnapshot extends DatabaseState {
  readonly view: View
  /** Every transaction with a smaller id has ended. */
  readonly oldestXid: bigint
  /** An instance without Redis has left requests that no instance has taken (handover.ts). */
  readonly handoversWait: boolean
}

export interface ChangeMeta {
  /** Who: `42`, `admin:7`, `service:bot`. */
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

/** BEGIN, VIEW lock shared, row locks, then view and rows read in new statements: in that order. */
export interface WriteTransaction {
  readonly view: View
  /** Rows that exist, in no particular order. */
  readonly rows: readonly Row[]
  /** Documents whose row lock another writer holds; none when the transaction waits for its locks. */
  readonly unlocked: readonly DocumentRef[]
  /** New versions are at least this: those below may have been given in a time that the database has lost. */
  readonly versionBase: number
  /** As in DatabaseState. */
  readonly server: string
  /** What the connection of this transaction leads to, in a new statement. */
  look(): Promise<DatabaseState>
  /**
   * UPDATE, history and COMMIT. Resolves to the stored rows, in the order of the changes. WriteConflictError when a row
   * is not what was read under the locks (changed by hand meanwhile); CommitUnknownError when it is open whether the
   * COMMIT took place; after any other error nothing was stored.
   */
  applyAndCommit(changes: readonly Change[]): Promise<readonly Row[]>
  /** Never throws, and does nothing after a COMMIT that may have taken place. */
  rollback(): Promise<void>
}

/** BEGIN and the exclusive VIEW lock: no writer is between its fence and its COMMIT. */
export interface GateTransaction {
  readonly view: View
  /** As in DatabaseState. */
  readonly database: string
  readonly nextXid: bigint
  /** Every transaction with a smaller id has ended: what changes behind this moment has this id or a greater one. */
  readonly oldestXid: bigint
  /** Documents changed by transaction `xid` or a later one, at most `limit`. */
  changedSince(xid: bigint, limit: number): Promise<readonly { ref: DocumentRef; version: number }[]>
  /** ON(V) from the COMMIT on. No lease is running: the longest one is `leaseMs` from now on. */
  setOn(v: ViewToken, leaseMs: number): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** Rows of one snapshot, and the epoch of the view that was ON in the same snapshot; null = it was OFF. */
export interface RowsRead {
  readonly rows: readonly Row[]
  readonly epoch: number | null
}

/** A version of a document, as something holds it outside the database. */
export interface HeldVersion {
  readonly version: number
  /** RFC 3339, of the same row; undefined when only the version is known. */
  readonly updatedAt: string | undefined
}

/** What one snapshot has that is not at the versions held, and of which database it is (as in DatabaseState). */
export interface ChangedRows extends RowsRead {
  readonly database: string
}

/** PostgreSQL. Every method rejects with DatabaseUnavailableError when the server cannot be reached in time. */
export interface StorePort {
  readView(): Promise<ViewSnapshot>
  /** All rows in one statement, deleted ones included; documents that never existed are absent. */
  readRows(refs: readonly DocumentRef[]): Promise<RowsRead>
  /**
   * The same, without the rows that are at the version held; `held` has one entry per ref, undefined = nothing is held. A
   * document that is held and does not exist comes with version 0 and no data.
   */
  readChangedRows(
    refs: readonly DocumentRef[],
    held: readonly (HeldVersion | undefined)[],
  ): Promise<ChangedRows>
  /** Tries the row locks without waiting; with all of them, reads the rows in a new statement. Null = a writer holds one. */
  readIfUnlocked(refs: readonly DocumentRef[]): Promise<RowsRead | null>
  /** `waits`: for row locks that other writers hold. Otherwise they are named, and what the rows say of them is not to be used. */
  beginWrite(refs: readonly DocumentRef[], waits: boolean): Promise<WriteTransaction>
  /** Under the exclusive VIEW lock: ON at `epoch` becomes OFF, not drained, epoch + 1. Resolves to the view after that. */
  setOff(epoch: number, reason: string): Promise<View>
  /** Before an instance grants itself a lease that is longer than the row says. */
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

/** What happened, for metrics and logs; and, in chaos runs, where to stop the process. */
export interface ObserverPort {
  /** A numbered step was reached (`write.fenced`, `gate.adopted`, ...). Awaited, so that a fault can be injected. */
  step(name: string): void | Promise<void>
  viewOff(reason: string, epoch: number): void
  viewOn(epoch: number, recoveryMs: number, fenced: number | 'cold'): void
  /** The view as a renewal read it, by whichever instance it was changed. */
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

/** Another transaction got in between in a way the locks do not order; nothing was stored, trying again is right. */
export class WriteConflictError extends Error {
  override readonly name = 'WriteConflictError'
}

/** COMMIT was sent and its answer is not known. */
export class CommitUnknownError extends Error {
  override readonly name = 'CommitUnknownError'
}
