import type { Pool } from 'pg'
import type { ChangeToTell, EndToTell, Position } from '../../webhooks/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'
import { LEASES_RUN } from './view.ts'

const TIME = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const AGE = (column: string) => `extract(epoch FROM clock_timestamp() - ${column}) * 1000`
const LEASE = (parameter: string) => `make_interval(secs => ${parameter}::double precision / 1000)`

interface PositionRecord {
  readonly incarnation: number | string
  readonly xid: string
  readonly user_id: string
  readonly kind: string
}

export async function claimWebhooks(
  db: Pool,
  holder: string,
  leaseMs: number,
): Promise<Position | undefined> {
  const rows = await runReadCommitted<PositionRecord>(db, {
    name: 'claim-webhooks',
    text: `SELECT incarnation, changed_xid::text AS xid, user_id, kind FROM claim_webhooks($1, ${LEASE('$2')})`,
    values: [holder, String(leaseMs)],
  })
  return rows[0] && toPosition(rows[0])
}

/** False = another instance has the claim. */
export async function noteWebhooks(
  db: Pool,
  holder: string,
  leaseMs: number,
  { incarnation, xid, userId, document }: Position,
  ends: readonly bigint[],
): Promise<boolean> {
  const rows = await runReadCommitted<{ noted: boolean }>(db, {
    name: 'note-webhooks',
    text: `SELECT note_webhooks($1, ${LEASE('$2')}, $3::integer, $4::text::xid8, $5, $6, $7::bigint[]) AS noted`,
    values: [
      holder,
      String(leaseMs),
      String(incarnation),
      String(xid),
      userId,
      document,
      `{${ends.join(',')}}`,
    ],
  })
  return rows[0]!.noted
}

/**
 * Documents behind `position` in the order of the index, each with its newest version. Only of transactions before
 * which none is under way, so that none appears behind the position later; of earlier incarnations all have ended. None while
 * instances may answer what was before.
 */
export async function selectChangesToTell(
  db: Queryable,
  { incarnation, xid, userId, document }: Position,
  limit: number,
): Promise<ChangeToTell[]> {
  const { rows } = await db.query<
    PositionRecord & {
      readonly version: string
      readonly deleted: boolean
      readonly at: string
      readonly updated_by: string
      readonly reason: string | null
      readonly age_ms: string
    }
  >({
    name: 'select-changes-to-tell',
    text: `SELECT d.incarnation, d.changed_xid::text AS xid, d.user_id, d.kind, d.version, d.deleted,
                  ${TIME('d.updated_at')} AS at, d.updated_by, h.reason, ${AGE('d.updated_at')} AS age_ms
           FROM (
             SELECT incarnation, changed_xid, user_id, kind, version, data IS NULL AS deleted, updated_at, updated_by
             FROM documents
             WHERE (incarnation, changed_xid, user_id, kind) > ($1::integer, $2::text::xid8, $3, $4)
               AND (incarnation < current_incarnation() OR changed_xid < pg_snapshot_xmin(pg_current_snapshot()))
               AND NOT ${LEASES_RUN}
             ORDER BY incarnation, changed_xid, user_id, kind LIMIT $5
           ) d
           LEFT JOIN document_history h ON h.user_id = d.user_id AND h.kind = d.kind AND h.version = d.version
           ORDER BY d.incarnation, d.changed_xid, d.user_id, d.kind`,
    values: [incarnation, String(xid), userId, document, limit],
  })
  return rows.map(row => ({
    ...toPosition(row),
    version: Number(row.version),
    deleted: row.deleted,
    at: row.at,
    by: row.updated_by,
    reason: row.reason,
    ageMs: Number(row.age_ms),
  }))
}

/** Ends that were not told, the oldest first. */
export async function selectEndsToTell(db: Queryable, limit: number): Promise<EndToTell[]> {
  const { rows } = await db.query<{ id: string; type: string; at: string; data: string; age_ms: string }>({
    name: 'select-ends-to-tell',
    text: `SELECT id, type, ${TIME('created_at')} AS at, data::text AS data, ${AGE('created_at')} AS age_ms
           FROM webhook_events ORDER BY id LIMIT $1`,
    values: [limit],
  })
  return rows.map(({ id, type, at, data, age_ms }) => ({
    id: BigInt(id),
    type,
    at,
    data,
    ageMs: Number(age_ms),
  }))
}

function toPosition({ incarnation, xid, user_id, kind }: PositionRecord): Position {
  return { incarnation: Number(incarnation), xid: BigInt(xid), userId: user_id, document: kind }
}
