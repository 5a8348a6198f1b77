import type { ChangeMeta } from '../consistency/document-rows.ts'
import type { Around } from '../consistency/joined-body.ts'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import type { KnownVersions, Versions } from '../consistency/versions.ts'
import type { Difference } from '../documents/compare.ts'

/**
 * What the routes call and the use cases implement. Every method rejects with a DomainError for what the caller
 * did wrong, with DatabaseUnavailableError or CommitUnknownError for what the database did; never because of Redis.
 */

/** A document or, with `section`, one section of it (`settings` has `trading` and `notifications`). */
export interface DocumentAddress {
  readonly kind: string
  readonly section?: string
}

/** One envelope, ready to send: `body` is `{"version":7,"updated_at":"...","data":{...}}`. */
export interface DocumentAnswer {
  readonly version: number
  readonly body: Buffer
  readonly status: ReadStatus
}

/** Where the answer to a read comes from: the cache protocol, or the history of what was. */
export type AnswerStatus = ReadStatus | 'history'

/** Bodies of settings with their versions. */
export interface ReadAnswer {
  /** One of each document, in the order of the addresses. */
  readonly versions: Versions
  /** Null only when the caller knows `versions`; it may be there even then. */
  readonly body: Buffer | null
  readonly status: AnswerStatus
}

/** Called once, with the error of a read or its answer. Must not throw. */
export type OnAnswer = (error: unknown, answer: ReadAnswer | undefined) => void

/** What a GET of settings reads. Constant: made once, used for every user. */
export interface SettingsRead {
  /** Unique among the reads, such as `decision-settings:scalp`. */
  readonly id: string
  readonly addresses: readonly DocumentAddress[]
  /**
   * The texts around the envelopes, in the order of `addresses`, that make one body of them. Absent = there is one address,
   * and its envelope is the body.
   */
  readonly around?: (userId: string) => Around
}

/** Several documents of one user answered as one body. */
export type Bundle = Required<SettingsRead>

/** A change of one field: against the defaults, or (dry run of a PUT) from `current` to `new`. */
export interface FieldChange extends Difference {
  /** Dry run of a PUT only: the value that would be stored; absent = the field would be removed. */
  readonly new?: unknown
}

/** A stored value that the present rules do not allow; it stays until a write touches it. */
export interface Warning {
  readonly document: string
  readonly path: string
  readonly message: string
}

/** What load-defaults, reset and dry runs answer. */
export interface ChangeReport {
  readonly applied: boolean
  readonly all_match: boolean
  readonly total_changes: number
  readonly changes: readonly FieldChange[]
  /** Absent = none. */
  readonly warnings?: readonly Warning[]
}

/** How a user's documents differ from the cached defaults. */
export interface Comparison {
  readonly all_match: boolean
  readonly total_changes: number
  readonly high_risk: number
  readonly medium_risk: number
  readonly low_risk: number
  /** By kind, in catalogue order; kinds without a change are absent. */
  readonly documents: Readonly<Record<string, readonly FieldChange[]>>
  /** Absent = none. */
  readonly warnings?: readonly Warning[]
}

export interface HistoryEntry {
  readonly version: number
  readonly updated_at: string
  readonly updated_by: string
  readonly reason: string
  readonly changes: readonly { path: string; from?: unknown; to?: unknown }[]
}

export interface HistoryPage {
  /** 1 to 200 entries. */
  readonly limit: number
  /** Only versions below this one. */
  readonly before?: number
}

/** Conditions on the versions that a write meets (RFC 9110, 13.1); absent = no condition. */
export interface Precondition {
  /** The version must be one of these; `*` = any. */
  readonly ifMatch?: KnownVersions | undefined
  /** The version must be none of these; `*` = there must be no document. */
  readonly ifNoneMatch?: KnownVersions | undefined
}

/** Who acts on whose documents. `caller` goes into the history: `42`, `admin:7`, `service:bot`. */
export interface Actor {
  readonly userId: string
  readonly caller: string
  /** A user who does not exist is not created: USER_NOT_FOUND. */
  readonly isLooking?: boolean
}

export type Reason = ChangeMeta['reason']

/** What load-defaults works on: one document or section, all of a family's (`mode`), or all of the user's. */
export type DefaultsScope = DocumentAddress | { readonly family: string } | 'all'

/** The precondition is about the one document, or about the bundle of all documents of the scope. */
export interface DefaultsOptions extends Precondition {
  /** Writes nothing. */
  readonly preview: boolean
}

/** Reads of one user's documents. USER_NOT_FOUND when the user does not exist and is not to be provisioned. */
export interface ReadService {
  /**
   * The read of a GET; never torn: all its documents are of one moment. By callback: what Redis confirms of the memory of
   * this process takes one round trip and no promise, and nearly all reads are answered so. `known` are the versions of
   * If-None-Match: their bytes need not be fetched.
   */
  answer(actor: Actor, read: SettingsRead, known: KnownVersions | undefined, onAnswer: OnAnswer): void
  /** Creates the user where a read would. */
  requireUser(actor: Actor): Promise<void>
}

/** A version of one document, or a moment (milliseconds since 1970). */
export type PointInTime = { readonly version: number } | { readonly at: number }

/**
 * Settings as they were, from the history. A user is never created. At a moment every document has the newest version that
 * was stored then or before. VERSION_NOT_FOUND when there was none, HISTORY_PRUNED when it is no longer kept, USER_NOT_FOUND
 * when the user does not exist now, VALIDATION_FAILED for a moment that has not come yet.
 */
export interface PastService {
  /** A version only of a read with one address. */
  read(userId: string, read: SettingsRead, when: PointInTime): Promise<ReadAnswer>
  readDefaults(when: PointInTime): Promise<ReadAnswer>
}

/**
 * Writes of one user's documents, and their history. Writes and their previews reject with VERSION_MISMATCH, and `current`
 * (a Buffer), when their precondition does not hold.
 */
export interface DocumentService {
  /** `patch` is the parsed body, unchecked. `status` of the answer is not used. */
  put(
    actor: Actor,
    address: DocumentAddress,
    patch: unknown,
    precondition?: Precondition,
  ): Promise<DocumentAnswer>
  /** The same checks, the precondition included, without writing. */
  previewPut(
    actor: Actor,
    address: DocumentAddress,
    patch: unknown,
    precondition?: Precondition,
  ): Promise<ChangeReport>
  /** Newest first. With a section: the entries whose changes touch it, with paths below it. */
  history(actor: Actor, address: DocumentAddress, page: HistoryPage): Promise<readonly HistoryEntry[]>
  /** VERSION_NOT_FOUND when the history does not hold that version. */
  rollback(
    actor: Actor,
    address: DocumentAddress,
    version: number,
    precondition?: Precondition,
  ): Promise<DocumentAnswer>
}

/** A user's documents against the admin defaults. */
export interface DefaultsService {
  /** One transaction for all documents of the scope. With `preview` nothing is written. */
  loadDefaults(actor: Actor, scope: DefaultsScope, options: DefaultsOptions): Promise<ChangeReport>
  /** Resets one field. VALIDATION_FAILED when the kind or the path does not exist. */
  reset(
    actor: Actor,
    field: { readonly document: string; readonly path: string },
    options: DefaultsOptions,
  ): Promise<ChangeReport>
  /** From the cached defaults, never from the file. */
  comparison(actor: Actor): Promise<Comparison>
}
