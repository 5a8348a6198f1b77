import type { DocumentKind } from './documents.ts'

export interface ClientOptions {
  /** Of the gateway, such as http://127.0.0.1:8080; with a path when a proxy has it below one. */
  readonly url: string
  /** A service token or a JWT; a function is asked for each request, so that a JWT can be renewed. */
  readonly token: string | (() => string | Promise<string>)
  /** Most connections at once; 16 if not given. */
  readonly connections?: number
  /** Longest wait for one answer, milliseconds; 2,000 if not given. A retry has that time again. */
  readonly timeoutMs?: number
  /** How often a call that does no harm twice is sent again, 0 to 10; 2 if not given. */
  readonly retries?: number
  /** Answers that are remembered for If-None-Match; 1,000 if not given, 0 = none. */
  readonly rememberedAnswers?: number
  /** Answer reads of settings with the last known ones while the gateway cannot be reached. */
  readonly fallback?: FallbackOptions
}

/**
 * The last known settings. One client must speak for one owner then: while the gateway cannot be reached, nobody
 * checks the token. Without a user id they are kept by token, and a renewed token knows none.
 */
export type FallbackOptions = (
  | {
      /** Kept in this file too, for the next start; mode 0600. A file for each process. */
      readonly file: string
    }
  | { readonly memory: true }
) & {
  /** Older ones are not answered: milliseconds since the gateway last answered or confirmed them. */
  readonly maxAgeMs: number
  /** Users whose settings are kept, those read last; 1,000 if not given. */
  readonly maxUsers?: number
  /** Called when the file cannot be written or read; a process warning if not given. Reads go on. */
  readonly onError?: (error: unknown) => void
}

export interface UserOptions {
  /** The person behind the service, for the history: `updated_by` is `service:ui/alice`. Service tokens only. */
  readonly actor?: string
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** Settings as they were at a moment: a Date, or a time of RFC 3339. Never answered with the last known ones. */
export interface MomentOptions extends CallOptions {
  readonly at?: Date | string
}

/** The same of one document, or one of its versions. */
export type PastOptions = CallOptions &
  (
    | { readonly at?: Date | string; readonly version?: undefined }
    | { readonly version?: number; readonly at?: undefined }
  )

/** Settings as they were read. */
export interface Reading<T> {
  /** Frozen: polls that find nothing new get the same object. */
  readonly value: T
  readonly etag: string
  /** Whether it is what the last poll got (304). */
  readonly unchanged: boolean
  /** It could not be confirmed as current: the gateway lost its database, or the client lost the gateway. */
  readonly unverified: boolean
  /** Only when the gateway could not be reached: milliseconds since it last answered or confirmed this. */
  readonly ageMs?: number
  /** RFC 9211; empty when the gateway could not be reached. */
  readonly cacheStatus: string
}

/** A version, or the `etag` of a reading, of one document or of a bundle; `*` = any version. */
export type IfMatch = number | string

export interface WriteOptions extends CallOptions {
  /** What must be current: else VersionMismatchError. */
  readonly ifMatch?: IfMatch
}

/** With `ifMatch` the PUT is sent again when it got no answer. */
export type PutOptions = WriteOptions

export interface PreviewableOptions extends WriteOptions {
  /** Answer what would change, write nothing. */
  readonly preview?: boolean
}

export interface UpdateOptions extends CallOptions {
  /** How often another caller may be faster; 5 if not given. */
  readonly attempts?: number
}

export interface HistoryOptions extends CallOptions {
  /** 1 to 200; 50 if not given. */
  readonly limit?: number
  /** Only versions below it. */
  readonly before?: number
}

export interface DrawOptions extends CallOptions {
  /** 1 to 1,000; 1 if not given. */
  readonly count?: number
  /** 1 to 128 characters, new for each order. */
  readonly idempotencyKey?: string
}

/** What load-defaults works on: a document, all four modes, or everything. */
export type DefaultsScope = DocumentKind | 'modes' | 'all'

/** `id` resumes after it, in another process too: WatchOptions.lastEventId. */
export type WatchEvent =
  /** A document, such as `mode.scalp`, has a new version; or none any more, when the user was deleted. */
  | {
      readonly type: 'change'
      readonly document: string
      readonly version: number
      readonly deleted?: true
      readonly id: string
    }
  /** What changed meanwhile is not known: everything must be read again. */
  | { readonly type: 'resync'; readonly id: string }

export interface WatchOptions {
  /** Ends the watch; the loop over it ends without an error. */
  readonly signal?: AbortSignal
  readonly lastEventId?: string
  /** Longest silence of a connection, milliseconds; 40,000 if not given. */
  readonly silenceMs?: number
  /** Called when the stream is open: what changes from now on is told. And when it was lost, with why. */
  readonly onConnection?: (error?: unknown) => void
}

export interface UserListOptions extends CallOptions {
  /** Beginning of the user id. */
  readonly prefix?: string
  /** Conditions that must all hold, such as `mode.scalp:size.leverage>10`. */
  readonly where?: readonly string[]
  /** Users of one page; 100 if not given, 1,000 at most. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string
}

/** Which changes; all conditions that are given must hold. */
export interface AuditOptions extends CallOptions {
  /** `@admin`: those of the defaults. */
  readonly userId?: string
  /** The caller as the history names it, such as `service:ui/alice`. */
  readonly updatedBy?: string
  /** `delete`: deleted users. */
  readonly reason?: string
  /** Not before this moment. */
  readonly from?: Date | string
  /** Before this moment. */
  readonly until?: Date | string
  /** 1 to 200; 50 if not given. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string
}

export interface TransferOptions extends CallOptions {
  /** Longest silence of a connection, milliseconds; 60,000 if not given. */
  readonly silenceMs?: number
}

export interface ExportOptions extends TransferOptions {
  /** Only this one; every user if not given. */
  readonly userId?: string
}

export interface ImportOptions extends TransferOptions {
  /** `merge` (if not given) into what a user has; `replace` puts each document in the place of the stored one. */
  readonly mode?: 'merge' | 'replace'
  /** Say what would become of each user, and write nothing. */
  readonly dryRun?: boolean
}
