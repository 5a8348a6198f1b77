import type { DocumentRef, Row } from '../consistency/document-rows.ts'
import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import type { DatabaseState, View, ViewSnapshot } from '../consistency/views.ts'

/** SQL for `updated_at` as RFC 3339 with milliseconds, UTC. */
export const UPDATED_AT_TEXT = `to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * SQL for DatabaseState.server. A restored server has started, and one that was promoted is another. When one process of the
 * server crashes, the others begin again without a new start, and give transaction ids of before a second time if nothing
 * of them was on disk; recovery resets the statistics then (pgstat_discard_stats of PostgreSQL).
 */
export const SERVER = `concat_ws('/', extract(epoch FROM pg_postmaster_start_time()),
  extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))`

/** int8 arrives as text; versions and epochs stay far below 2^53. */
export interface DocumentRecord {
  readonly user_id: string
  readonly kind: string
  readonly version: string
  readonly updated_at: string
  readonly data: string | null
}

/** A row of cache_view is gone, by hand or by a partial restore; or no gateway has used a cluster before. */
export class ViewMissingError extends DatabaseUnavailableError {}

export interface ViewRecord {
  readonly mode: 'ON' | 'OFF'
  readonly epoch: string
  readonly drained: boolean
  readonly run_id: string | null
  readonly replication_id: string | null
  readonly database: string | null
  readonly reason: string
  readonly lease_ms: number
}

export interface StateRecord {
  readonly current_database: string
  readonly moved: string | null
  readonly next_xid: string
  readonly server: string
}

export interface SnapshotRecord extends ViewRecord, StateRecord {
  readonly oldest_xid: string
  readonly handovers_wait: boolean
  readonly other_layout: 'used' | 'recent' | null
}

export function toRow(record: DocumentRecord): Row {
  return {
    ref: { userId: record.user_id, kind: record.kind },
    version: Number(record.version),
    updatedAt: record.updated_at,
    data: record.data,
  }
}

/** ViewMissingError without a record. */
export function toView(record: ViewRecord | undefined): View {
  if (record === undefined) throw new ViewMissingError('cache_view lacks the row of the view')
  const { run_id: runId, replication_id: replicationId } = record
  return {
    mode: record.mode,
    epoch: Number(record.epoch),
    drained: record.drained,
    identity: runId === null || replicationId === null ? null : { runId, replicationId },
    database: record.database,
    reason: record.reason,
    leaseMs: record.lease_ms,
  }
}

export function toState(record: StateRecord): DatabaseState {
  return {
    database: record.current_database,
    moved: record.moved,
    nextXid: BigInt(record.next_xid),
    server: record.server,
  }
}

export function toSnapshot(record: SnapshotRecord | undefined): ViewSnapshot {
  const view = toView(record)
  return {
    ...toState(record!),
    view,
    oldestXid: BigInt(record!.oldest_xid),
    handoversWait: record!.handovers_wait,
    otherLayout: record!.other_layout ?? 'none',
  }
}

/** The refs as two arrays, for unnest. */
export function columns(refs: readonly DocumentRef[]): [userIds: string[], kinds: string[]] {
  return [refs.map(ref => ref.userId), refs.map(ref => ref.kind)]
}
