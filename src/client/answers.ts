/**
 * What the gateway answers besides documents. Newer gateways may answer more fields. test/client/answers.test.ts
 * fails when the gateway's own types stop fitting these.
 */

/** One fault of an input: a dotted path inside the body ('' = the body itself) and what is wrong there. */
export interface Fault {
  readonly path: string
  readonly message: string
}

/** A field against its default, or (preview of a PUT) against what would be stored. */
export interface FieldChange {
  readonly document: string
  readonly path: string
  readonly current?: unknown
  readonly default?: unknown
  /** Preview of a PUT only: what would be stored; absent = the field would go. */
  readonly new?: unknown
  readonly risk: 'high' | 'medium' | 'low'
  readonly impact?: string
  readonly recommendation?: string
}

/** What load-defaults, reset and previews answer. */
export interface ChangeReport {
  /** False: nothing was written. */
  readonly applied: boolean
  readonly all_match: boolean
  readonly total_changes: number
  readonly changes: readonly FieldChange[]
}

/** How a user's documents differ from the defaults. */
export interface Comparison {
  readonly all_match: boolean
  readonly total_changes: number
  readonly high_risk: number
  readonly medium_risk: number
  readonly low_risk: number
  /** By kind; kinds without a change are absent. */
  readonly documents: Readonly<Record<string, readonly FieldChange[]>>
}

/** A change of a document's content; `from` or `to` is absent where there was no such field. */
export interface ContentChange {
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

export interface HistoryEntry {
  readonly version: number
  readonly updated_at: string
  readonly updated_by: string
  /** put, load-defaults, reset, rollback, provision, ... */
  readonly reason: string
  readonly changes: readonly ContentChange[]
}

/** A change of any user's documents, or of the admin defaults (`@admin`, `defaults`). */
export interface AuditEntry extends HistoryEntry {
  readonly user_id: string
  readonly document: string
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[]
  /** `cursor` of the next page; null on the last one. */
  readonly next: string | null
}

export interface SequenceNumbers {
  readonly user_id: string
  /** The user's day, YYYYMMDD. */
  readonly date: string
  /** The same as `last`. */
  readonly sequence: number
  readonly first: number
  readonly last: number
  readonly source: 'redis' | 'database'
  /** What an operator should look at; absent when there is nothing. */
  readonly warnings?: readonly string[]
}

export type LastSequence = Pick<SequenceNumbers, 'user_id' | 'date' | 'sequence'>

interface ServerHealth {
  readonly status: 'up' | 'down'
  readonly latency_ms: number | null
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly consecutive_failures: number
  /** RFC 3339: since when the breaker is in this state. */
  readonly since: string
}

export interface HealthReport {
  /** `unhealthy` only when settings can be answered from neither Redis nor the database. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly services: {
    readonly database: { readonly status: 'up' | 'down'; readonly latency_ms: number | null }
    /** `nodes`: only of a Redis Cluster; `partitions` of 64 are a node's own. */
    readonly redis: ServerHealth & {
      readonly nodes?: readonly (ServerHealth & { readonly address: string; readonly partitions: number })[]
    }
  }
  /** `partitions`: only of a Redis Cluster; those that the instance answers from Redis are `on`. */
  readonly cache: {
    readonly mode: 'on' | 'off'
    readonly epoch: number
    readonly partitions?: { readonly total: number; readonly on: number }
  }
  /**
   * While PostgreSQL cannot be reached: where settings come from all the same, marked `detail=unverified`. `memory`: Redis
   * cannot be reached either, and this process serves what it holds. `oldest_ms`: how long ago the oldest of it was known
   * to be right, null when that is not known. Absent while PostgreSQL is reachable, and with `ON_DATABASE_OUTAGE=refuse`.
   */
  readonly unverified?: { readonly from: 'redis' | 'memory' | 'nothing'; readonly oldest_ms: number | null }
  readonly warnings: readonly string[]
}

/** What publishing new defaults changed. */
export interface SyncReport {
  readonly changed: boolean
  readonly version: number
  /** MD5 (hex) of the defaults. */
  readonly hash: string
  readonly changes: readonly ContentChange[]
}

/** One Redis key of a user beside its row. */
export interface InspectedKey {
  readonly key: string
  readonly document: string
  readonly state: 'value' | 'fence' | 'missing' | 'unknown'
  readonly version_redis: number | null
  readonly version_database: number | null
  /** Bytes of what Redis holds. */
  readonly size: number
}

export interface Inspection {
  readonly user_id: string
  /** Whether Redis could be asked. */
  readonly redis: 'up' | 'down'
  /** Only of a Redis Cluster: `host:port` of the node that has the keys. */
  readonly node?: string
  readonly keys: readonly InspectedKey[]
}

export type ExchangeKind = 'positions' | 'orders'

/** Times are RFC 3339, UTC. */
export interface ListedUser {
  readonly user_id: string
  readonly created_at: string
  readonly updated_at: string
  /** How many documents the user has. */
  readonly documents: number
}

export interface UserPage {
  readonly users: readonly ListedUser[]
  /** `cursor` of the next page; null on the last one. */
  readonly next: string | null
}

/** A user as an export has it: data by kind of document, and the last order number of each day (YYYYMMDD). */
export interface ExportedUser {
  readonly user_id: string
  readonly documents: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly sequence: Readonly<Record<string, number>>
}

/** Any part of the documents and days may be there. */
export type UserToImport = Pick<ExportedUser, 'user_id'> & Partial<ExportedUser>

/** What became of one user. */
export interface ImportOutcome {
  /** Counted from 1, in the order in which the users were given. */
  readonly line: number
  readonly user_id: string | null
  readonly status: 'created' | 'updated' | 'unchanged' | 'refused'
  /** Fields that changed, and counters that were raised. */
  readonly changes: number
  readonly errors?: readonly Fault[]
}

/** Users by what became of them. */
export type ImportSummary = Readonly<Record<ImportOutcome['status'], number>>
