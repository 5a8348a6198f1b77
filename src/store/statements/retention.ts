import type { Pool } from 'pg'
import type { HistoryLimits, RetentionStep, TableSize } from '../../retention/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

/** Longer than the pause between two rounds: an instance that was not seen for so long has ended. */
const ABSENT = '15 minutes'
/** Documents whose history is looked at in one step, and rows that go in one: some milliseconds of work. */
const DOCUMENTS = 200
const MOST = 500
/** Schedules and bulk changes that ended are listed for so many days; what they changed is in the history for longer. */
const JOB_DAYS = 30

/** True when `holder` is the instance that does the retention. */
export async function claimRetention(db: Pool, holder: string): Promise<boolean> {
  const rows = await runReadCommitted<{ claimed: boolean | null }>(db, {
    name: 'claim-retention',
    text: 'SELECT claim_retention($1, $2::interval) AS claimed',
    values: [holder, ABSENT],
  })
  return rows[0]?.claimed === true
}

export async function pruneHistory(
  db: Pool,
  { keepVersions, keepDays }: HistoryLimits,
): Promise<RetentionStep> {
  const rows = await runReadCommitted<{ removed: string; wrapped: boolean }>(db, {
    name: 'prune-history',
    text: 'SELECT removed, wrapped FROM prune_history($1, $2, $3, $4)',
    values: [keepVersions, keepDays, DOCUMENTS, MOST].map(String),
  })
  return { removed: Number(rows[0]!.removed), done: rows[0]!.wrapped }
}

export async function pruneSequences(db: Pool): Promise<RetentionStep> {
  const rows = await runReadCommitted<{ removed: string }>(db, {
    name: 'prune-sequences',
    text: 'SELECT prune_sequences($1) AS removed',
    values: [String(MOST)],
  })
  return stepOf(Number(rows[0]!.removed))
}

export async function pruneReplies(db: Pool): Promise<RetentionStep> {
  const rows = await runReadCommitted<{ removed: string }>(db, {
    name: 'prune-replies',
    text: 'SELECT prune_replies($1) AS removed',
    values: [String(MOST)],
  })
  return stepOf(Number(rows[0]!.removed))
}

export async function pruneSchedules(db: Pool): Promise<RetentionStep> {
  const rows = await runReadCommitted<{ removed: string }>(db, {
    name: 'prune-schedules',
    text: 'SELECT prune_schedules($1, $2) AS removed',
    values: [String(JOB_DAYS), String(MOST)],
  })
  return stepOf(Number(rows[0]!.removed))
}

export async function pruneBulkChanges(db: Pool): Promise<RetentionStep> {
  const rows = await runReadCommitted<{ removed: string }>(db, {
    name: 'prune-bulk-changes',
    text: 'SELECT prune_bulk_changes($1, $2) AS removed',
    values: [String(JOB_DAYS), String(MOST)],
  })
  return stepOf(Number(rows[0]!.removed))
}

/** Instances that ended without removing their row, at most 200 (src/fleet/fleet.ts). */
export async function pruneInstances(db: Pool): Promise<RetentionStep> {
  const rows = await runReadCommitted<{ id: string }>(db, {
    name: 'prune-instances',
    text: `DELETE FROM instances
           WHERE seen_at NOT BETWEEN clock_timestamp() - $1::interval AND clock_timestamp() + $1::interval
           RETURNING id`,
    values: [ABSENT],
  })
  return { removed: rows.length, done: true }
}

/** Sizes of the tables that grow. */
export async function selectTableSizes(db: Queryable): Promise<TableSize[]> {
  const { rows } = await db.query<{ table: string; rows: string; bytes: string }>({
    name: 'select-table-sizes',
    text: `SELECT relname AS table, greatest(reltuples, 0)::bigint AS rows, pg_total_relation_size(oid) AS bytes
           FROM pg_class
           WHERE oid IN ('documents'::regclass, 'document_history'::regclass, 'sequences'::regclass,
                         'sequence_replies'::regclass, 'schedules'::regclass, 'bulk_users'::regclass)`,
  })
  return rows.map(({ table, rows: count, bytes }) => ({ table, rows: Number(count), bytes: Number(bytes) }))
}

function stepOf(removed: number): RetentionStep {
  return { removed, done: removed < MOST }
}
