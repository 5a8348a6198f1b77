import type { Fault, FieldChange } from './answers.ts'
import type { DocumentKind, Documents, Patch } from './documents.ts'

/**
 * What the gateway answers about changes that take effect later, changes of many users, and its instances. Times are RFC 3339,
 * UTC. test/client/answers.test.ts fails when the gateway's own types stop fitting these.
 */

export interface NewSchedule<K extends DocumentKind = DocumentKind> {
  /** When it takes effect, within 2 s. */
  readonly at: Date | string
  /** When it goes back, field by field; never if not given. */
  readonly until?: Date | string
  readonly data: Patch<Documents[K]>
  /** 500 characters at most. */
  readonly note?: string
}

export interface Schedule {
  readonly id: string
  readonly document: string
  readonly section?: string
  /** `active`: it has taken effect, and goes back at `until`. */
  readonly state: 'waiting' | 'active' | 'done' | 'cancelled' | 'refused'
  readonly at: string
  readonly until?: string
  /** As it was sent. */
  readonly data: unknown
  readonly note?: string
  readonly created_by: string
  readonly created_at: string
  readonly ended_at?: string
  /** The version that it made at `at`. */
  readonly version?: number
  /** Why it was refused when it was due. */
  readonly errors?: readonly Fault[]
}

/** `changes`: what it would change now. */
export type CreatedSchedule = Schedule & { readonly changes: readonly FieldChange[] }

export interface NewBulkChange<K extends DocumentKind = DocumentKind> {
  /** Such as `mode.scalp`; no section. */
  readonly document: K
  readonly data: Patch<Documents[K]>
  /** Conditions that must all hold, such as `mode.scalp:size.leverage>10`; every user if not given. */
  readonly where?: readonly string[]
  /** For the people who look at it later. */
  readonly reason: string
}

/** What a bulk change would do. */
export interface BulkPreview {
  readonly applied: false
  /** Users who fit the conditions. */
  readonly users: number
  /** Of these, users with another value in one of the fields. */
  readonly changing: number
  readonly high_risk: number
  readonly medium_risk: number
  readonly low_risk: number
  readonly changes: readonly (Pick<
    FieldChange,
    'document' | 'path' | 'risk' | 'impact' | 'recommendation'
  > & {
    readonly new: unknown
    readonly users: number
  })[]
}

export interface BulkChange {
  readonly id: string
  readonly state: 'running' | 'done' | 'cancelled' | 'failed'
  readonly document: string
  /** As it was sent; absent for one that takes another one back. */
  readonly data?: unknown
  readonly where: readonly string[]
  readonly reason: string
  /** The bulk change that this one takes back. */
  readonly reverts?: string
  readonly created_by: string
  readonly created_at: string
  readonly ended_at?: string
  /** False while users are being listed: `total` grows until then. */
  readonly listed: boolean
  readonly total: number
  readonly done: number
  /** Of these, users who had the values already. */
  readonly unchanged: number
  readonly refused_total: number
  /** Null while it is not known, 0 when it has ended. */
  readonly eta_ms: number | null
  readonly failure?: string
}

/** `refused`: the first 100. */
export type BulkChangeDetails = BulkChange & {
  readonly refused: readonly { readonly user_id: string; readonly errors: readonly Fault[] }[]
}

/** An instance of the gateway, as its last beat tells. */
export interface Instance {
  readonly id: string
  /** True for the one that answers. */
  readonly self: boolean
  /** Seen less than 20 s ago. */
  readonly alive: boolean
  readonly host: string
  readonly pid: number
  readonly port: number | null
  readonly version: string
  readonly state: 'starting' | 'ready' | 'draining'
  readonly started_at: string
  readonly seen_at: string | null
  readonly seen_ms_ago: number | null
  /** True while it answers from Redis. */
  readonly lease_held: boolean
  readonly epoch: number
  readonly breaker: 'closed' | 'half-open' | 'open' | null
  readonly reads: Readonly<Record<'hits' | 'misses' | 'bypasses' | 'unverified', number>>
  readonly memory_bytes: number | null
  readonly event_loop_delay_ms: number | null
}

export interface InstanceList {
  /** `self`: PostgreSQL is unreachable, and the one that answers knows only itself. */
  readonly source: 'database' | 'self'
  readonly instances: readonly Instance[]
}
