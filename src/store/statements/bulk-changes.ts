import type { Pool } from 'pg'
import type { Fault } from '../../errors.ts'
import type { BulkProgress, BulkState, ClaimedBulk, NewBulk } from '../../jobs/bulk-ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

const TIME = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const COLUMNS = `b.id, b.kind, b.data, b.conditions, b.reason, b.reverts, b.created_by, ${TIME('b.created_at')} AS created_at,
  b.state, b.listed, b.total, b.failure, ${TIME('b.ended_at')} AS ended_at, b.since IS NOT NULL AS guarded`
const PROGRESS = `
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE u.state = 'done') AS done, count(*) FILTER (WHERE u.state = 'unchanged') AS unchanged,
           count(*) FILTER (WHERE u.state = 'refused') AS refused
    FROM bulk_users u WHERE u.bulk_id = b.id) AS p`
const PROGRESS_COLUMNS = `p.done, p.unchanged, p.refused,
  extract(epoch FROM coalesce(b.ended_at, clock_timestamp()) - b.started_at) * 1000 AS running_ms`

interface BulkRecord {
  readonly id: string
  readonly kind: string
  readonly data: string
  readonly conditions: string
  readonly reason: string
  readonly reverts: string | null
  readonly created_by: string
  readonly created_at: string
  readonly state: BulkState
  readonly listed: boolean
  readonly total: string
  readonly failure: string | null
  readonly ended_at: string | null
  readonly guarded: boolean
}

type ProgressRecord = BulkRecord &
  Record<'done' | 'unchanged' | 'refused', string> & { readonly running_ms: string | null }

/** False when so many are running already. */
export async function insertBulkChange(
  db: Pool,
  { id, kind, data, where, reason, reverts, since, createdBy }: NewBulk,
  mostRunning: number,
): Promise<boolean> {
  const rows = await runReadCommitted(db, {
    name: 'insert-bulk-change',
    text: `INSERT INTO bulk_changes (id, kind, data, conditions, reason, reverts, since, created_by)
           SELECT $1, $2, $3, $4, $5, $6, $7::pg_snapshot, $8
           WHERE (SELECT count(*) FROM bulk_changes WHERE state = 'running') < $9::integer RETURNING id`,
    values: [id, kind, data, JSON.stringify(where), reason, reverts, since, createdBy, String(mostRunning)],
  })
  return rows.length > 0
}

export async function selectBulkChange(db: Queryable, id: string): Promise<BulkProgress | undefined> {
  const { rows } = await db.query<ProgressRecord>({
    name: 'select-bulk-change',
    text: `SELECT ${COLUMNS}, ${PROGRESS_COLUMNS} FROM bulk_changes b ${PROGRESS} WHERE b.id = $1`,
    values: [id],
  })
  return rows.map(toProgress)[0]
}

/** Newest first. */
export async function selectBulkChanges(db: Queryable, limit: number): Promise<BulkProgress[]> {
  const { rows } = await db.query<ProgressRecord>({
    name: 'select-bulk-changes',
    text: `SELECT ${COLUMNS}, ${PROGRESS_COLUMNS}
           FROM (SELECT * FROM bulk_changes ORDER BY created_at DESC, id LIMIT $1) AS b ${PROGRESS}
           ORDER BY b.created_at DESC, b.id`,
    values: [limit],
  })
  return rows.map(toProgress)
}

export async function selectBulkRefusals(
  db: Queryable,
  id: string,
  limit: number,
): Promise<{ userId: string; faults: readonly Fault[] }[]> {
  const { rows } = await db.query<{ user_id: string; faults: string | null }>({
    name: 'select-bulk-refusals',
    text: `SELECT user_id, faults FROM bulk_users WHERE bulk_id = $1 AND state = 'refused' ORDER BY user_id LIMIT $2`,
    values: [id, limit],
  })
  return rows.map(({ user_id: userId, faults }) => ({ userId, faults: JSON.parse(faults ?? '[]') }))
}

export async function cancelBulkChange(db: Pool, id: string): Promise<boolean> {
  const rows = await runReadCommitted(db, {
    name: 'cancel-bulk-change',
    text: `UPDATE bulk_changes SET state = 'cancelled', ended_at = clock_timestamp()
           WHERE id = $1 AND state = 'running' RETURNING id`,
    values: [id],
  })
  return rows.length > 0
}

export async function claimBulkChange(
  db: Pool,
  holder: string,
  leaseMs: number,
): Promise<ClaimedBulk | undefined> {
  const rows = await runReadCommitted<BulkRecord>(db, {
    name: 'claim-bulk-change',
    text: `SELECT ${COLUMNS} FROM claim_bulk_change($1, make_interval(secs => $2::double precision / 1000)) AS b`,
    values: [holder, String(leaseMs)],
  })
  return rows.map(record => ({ ...toBulk(record), isGuarded: record.guarded }))[0]
}

/** With 0 the claim ends: another instance may go on at once. */
export async function renewBulkClaim(
  db: Pool,
  id: string,
  holder: string,
  leaseMs: number,
): Promise<boolean> {
  const rows = await runReadCommitted(db, {
    name: 'renew-bulk-claim',
    text: `UPDATE bulk_changes SET claimed_until = clock_timestamp() + make_interval(secs => $3::double precision / 1000)
           WHERE id = $1 AND claimed_by = $2 AND state = 'running' RETURNING id`,
    values: [id, holder, String(leaseMs)],
  })
  return rows.length > 0
}

export async function finishBulkChange(db: Pool, id: string): Promise<boolean> {
  const rows = await runReadCommitted(db, {
    name: 'finish-bulk-change',
    text: `UPDATE bulk_changes b SET state = 'done', ended_at = clock_timestamp()
           WHERE b.id = $1 AND b.state = 'running' AND b.listed
             AND NOT EXISTS (SELECT FROM bulk_users u WHERE u.bulk_id = b.id AND u.state = 'pending') RETURNING b.id`,
    values: [id],
  })
  return rows.length > 0
}

export async function failBulkChange(db: Pool, id: string, failure: string): Promise<void> {
  await runReadCommitted(db, {
    name: 'fail-bulk-change',
    text: `UPDATE bulk_changes SET state = 'failed', failure = $2, ended_at = clock_timestamp()
           WHERE id = $1 AND state = 'running'`,
    values: [id, failure],
  })
}

export async function countRunningBulks(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: string }>({
    name: 'count-running-bulks',
    text: `SELECT count(*) AS count FROM bulk_changes WHERE state = 'running'`,
  })
  return Number(rows[0]!.count)
}

function toBulk(record: BulkRecord) {
  return {
    id: record.id,
    kind: record.kind,
    data: record.data,
    where: JSON.parse(record.conditions) as readonly string[],
    reason: record.reason,
    reverts: record.reverts,
    createdBy: record.created_by,
    createdAt: record.created_at,
    state: record.state,
    listed: record.listed,
    total: Number(record.total),
    failure: record.failure,
    endedAt: record.ended_at,
  }
}

function toProgress(record: ProgressRecord): BulkProgress {
  return {
    ...toBulk(record),
    done: Number(record.done),
    unchanged: Number(record.unchanged),
    refused: Number(record.refused),
    runningMs: record.running_ms === null ? null : Number(record.running_ms),
  }
}
