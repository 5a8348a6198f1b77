import type { Pool } from 'pg'
import type { Fault } from '../../errors.ts'
import type {
  Addition,
  DueStep,
  DueWork,
  NewSchedule,
  Schedule,
  ScheduleLimits,
  ScheduleState,
} from '../../jobs/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

const TIME = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const COLUMNS = `id, user_id, kind, section, data, ${TIME('starts_at')} AS at, ${TIME('ends_at')} AS until, note,
  created_by, ${TIME('created_at')} AS created_at, state, version, faults, ${TIME('ended_at')} AS ended_at`
const OPEN = `state IN ('waiting', 'active')`

interface ScheduleRecord {
  readonly id: string
  readonly user_id: string
  readonly kind: string
  readonly section: string | null
  readonly data: string
  readonly at: string
  readonly until: string | null
  readonly note: string | null
  readonly created_by: string
  readonly created_at: string
  readonly state: ScheduleState
  readonly version: string | null
  readonly faults: string | null
  readonly ended_at: string | null
}

type DueRecord = ScheduleRecord & {
  readonly base_version: string | null
  readonly changes: string
  readonly attempts: number
  readonly lateness_ms: string
}

export async function addSchedule(
  db: Pool,
  { id, userId, kind, section, data, at, until, note, baseVersion, createdBy }: NewSchedule,
  { open, horizonDays }: ScheduleLimits,
): Promise<Addition> {
  const base = baseVersion === null ? null : String(baseVersion)
  const rows = await runReadCommitted<{ addition: Addition }>(db, {
    name: 'add-schedule',
    text: `SELECT add_schedule($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz, $8, $9::bigint, $10, $11::integer,
                               make_interval(days => $12::integer)) AS addition`,
    values: [
      ...[id, userId, kind, section, data, at, until, note, base, createdBy],
      ...[String(open), String(horizonDays)],
    ],
  })
  return rows[0]!.addition
}

/** Open ones in the order in which they are due, then ended ones, newest first. */
export async function selectSchedules(db: Queryable, userId: string, limit: number): Promise<Schedule[]> {
  const { rows } = await db.query<ScheduleRecord>({
    name: 'select-schedules',
    text: `SELECT ${COLUMNS} FROM schedules AS s WHERE user_id = $1
           ORDER BY ${OPEN} DESC, CASE WHEN ${OPEN} THEN s.due_at END, s.ended_at DESC, id LIMIT $2`,
    values: [userId, limit],
  })
  return rows.map(toSchedule)
}

export async function cancelSchedule(db: Pool, userId: string, id: string): Promise<boolean> {
  const rows = await runReadCommitted(db, {
    name: 'cancel-schedule',
    text: `UPDATE schedules SET state = 'cancelled', claimed_until = '-infinity', ended_at = clock_timestamp()
           WHERE id = $1 AND user_id = $2 AND ${OPEN} RETURNING id`,
    values: [id, userId],
  })
  return rows.length > 0
}

/** Due steps for this instance, in the order in which they are due. */
export async function claimDueSchedules(db: Pool, limit: number, leaseMs: number): Promise<DueStep[]> {
  const rows = await runReadCommitted<DueRecord>(db, {
    name: 'claim-due-schedules',
    text: `SELECT ${COLUMNS}, base_version, changes::text AS changes, attempts,
                  extract(epoch FROM clock_timestamp() - due_at) * 1000 AS lateness_ms
           FROM claim_due_schedules($1::integer, make_interval(secs => $2::double precision / 1000)) ORDER BY due_at, id`,
    values: [String(limit), String(leaseMs)],
  })
  return rows.map(record => ({
    ...toSchedule(record),
    step: record.state === 'waiting' ? 'start' : 'end',
    baseVersion: record.base_version === null ? null : Number(record.base_version),
    changes: record.changes,
    attempts: Number(record.attempts),
    latenessMs: Number(record.lateness_ms),
  }))
}

/** Rows that a write has locked are left out: two that wait for each other's rows would be a deadlock. */
export async function renewSchedules(db: Pool, ids: readonly string[], leaseMs: number): Promise<void> {
  await runReadCommitted(db, {
    name: 'renew-schedules',
    text: `UPDATE schedules SET claimed_until = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
           WHERE id IN (SELECT id FROM schedules WHERE id = ANY ($1::text[]) AND ${OPEN} FOR UPDATE SKIP LOCKED)`,
    values: [ids, String(leaseMs)],
  })
}

/** A step that changed nothing, or a refusal without a document. False = it was done before. */
export async function passScheduleStep(db: Pool, id: string, step: string): Promise<boolean> {
  const rows = await runReadCommitted<{ passed: boolean }>(db, {
    name: 'pass-schedule-step',
    text: `SELECT pass_schedule_step($1, $2, NULL, '[]') AS passed`,
    values: [id, step],
  })
  return rows[0]!.passed
}

export async function noteScheduleFaults(db: Pool, id: string, faults: readonly Fault[]): Promise<void> {
  await runReadCommitted(db, {
    name: 'note-schedule-faults',
    text: `UPDATE schedules SET faults = $2 WHERE id = $1 AND ${OPEN}`,
    values: [id, JSON.stringify(faults)],
  })
}

/** Due again after `pauseMs`. */
export async function releaseSchedule(db: Pool, id: string, pauseMs: number): Promise<void> {
  await runReadCommitted(db, {
    name: 'release-schedule',
    text: `UPDATE schedules SET claimed_until = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
           WHERE id = $1 AND ${OPEN}`,
    values: [id, String(pauseMs)],
  })
}

export async function selectScheduleState(db: Queryable, id: string): Promise<ScheduleState | undefined> {
  const { rows } = await db.query<{ state: ScheduleState }>({
    name: 'select-schedule-state',
    text: 'SELECT state FROM schedules WHERE id = $1',
    values: [id],
  })
  return rows[0]?.state
}

/** What each instance asks about once a second: index scans of what is open. */
export async function selectDueWork(db: Queryable): Promise<DueWork> {
  const { rows } = await db.query<{ schedules: boolean; next_ms: string | null; bulk: boolean }>({
    name: 'select-due-work',
    text: `SELECT EXISTS (
                    SELECT FROM schedules
                    WHERE ${OPEN} AND due_at <= statement_timestamp() AND claimed_until <= statement_timestamp()) AS schedules,
                  extract(epoch FROM least(
                    (SELECT min(due_at) FROM schedules WHERE ${OPEN} AND due_at > statement_timestamp()),
                    (SELECT min(claimed_until) FROM schedules WHERE ${OPEN} AND due_at <= statement_timestamp()
                       AND claimed_until > statement_timestamp())) - clock_timestamp()) * 1000 AS next_ms,
                  EXISTS (
                    SELECT FROM bulk_changes
                    WHERE state = 'running' AND claimed_until <= statement_timestamp()) AS bulk`,
  })
  const { schedules, next_ms: nextMs, bulk } = rows[0]!
  return { schedules, bulk, nextMs: nextMs === null ? null : Math.ceil(Number(nextMs)) }
}

/** How many are open, and since when the first of them is due, milliseconds; 0 when none is. */
export async function countOpenSchedules(db: Queryable): Promise<{ count: number; overdueMs: number }> {
  const { rows } = await db.query<{ count: string; overdue_ms: string | null }>({
    name: 'count-open-schedules',
    text: `SELECT count(*) AS count, extract(epoch FROM statement_timestamp() - min(due_at)) * 1000 AS overdue_ms
           FROM schedules WHERE ${OPEN}`,
  })
  const { count, overdue_ms: overdueMs } = rows[0]!
  return { count: Number(count), overdueMs: Math.max(0, Number(overdueMs)) }
}

function toSchedule(record: ScheduleRecord): Schedule {
  return {
    id: record.id,
    userId: record.user_id,
    kind: record.kind,
    section: record.section,
    data: record.data,
    at: record.at,
    until: record.until,
    note: record.note,
    createdBy: record.created_by,
    createdAt: record.created_at,
    state: record.state,
    version: record.version === null ? null : Number(record.version),
    faults: record.faults === null ? null : JSON.parse(record.faults),
    endedAt: record.ended_at,
  }
}
