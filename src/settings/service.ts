import type { ChangeMeta } from '../consistency/ports.ts'

/** A document or, with `section`, one section of it (`settings` has `trading` and `notifications`). */
export interface DocumentAddress {
  readonly kind: string
  readonly section?: string
}

/** How a read was answered; http renders it as Cache-Status (RFC 9211). */
export type CacheStatus = 'hit' | 'miss-stored' | 'miss' | 'degraded' | 'unverified'

/** One envelope, ready to send: `body` is `{"version":7,"updated_at":"...","data":{...}}`. */
export interface DocumentAnswer {
  readonly version: number
  readonly body: Buffer
  readonly status: CacheStatus
}

/** Several envelopes of one user, never torn, in the order asked for. */
export interface DocumentsAnswer {
  readonly documents: readonly { readonly version: number; readonly body: Buffer }[]
  readonly status: CacheStatus
}

/** A change of one field. `document` is the kind, `path` dotted inside its data. */
export interface FieldChange {
  readonly document: string
  readonly path: string
  readonly current: unknown
  readonly default: unknown
  readonly risk: 'high' | 'medium' | 'low'
  readonly impact?: string
  readonly recommendation?: string
}

/** What load-defaults, reset and dry runs answer. */
export interface ChangeReport {
  readonly applied: boolean
  readonly all_match: boolean
  readonly total_changes: number
  readonly changes: readonly FieldChange[]
}

export interface HistoryEntry {
  readonly version: number
  readonly updated_at: string
  readonly updated_by: string
  readonly reason: string
  readonly changes: readonly { path: string; from?: unknown; to?: unknown }[]
}

/** Who acts on whose documents. `caller` goes into the history: `42`, `admin:7`, `service:bot`. */
export interface Actor {
  readonly userId: string
  readonly caller: string
}

export interface PutOptions {
  /** Versions of If-Match; undefined = no condition, '*' = any. */
  readonly ifMatch?: readonly number[] | '*'
}

export type Reason = ChangeMeta['reason']
