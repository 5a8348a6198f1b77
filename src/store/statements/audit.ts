import type { AuditQuery, AuditRecord } from '../../settings/ports.ts'
import { UPDATED_AT_TEXT } from '../rows.ts'
import type { Queryable } from './documents.ts'

/** Newest first; the columns behind the time make the order total. */
const ORDER = 'updated_at DESC, user_id DESC, kind DESC, version DESC'
const KEY = 'updated_at, user_id, kind, version'

/** Adds a value to a statement, and returns its place there. */
type Add = (value: unknown) => string

/**
 * Changes of the history and deletions, newest first. Looks at `scan` of them at most and reads only indexes on the way, so
 * that a filter that seldom matches takes bounded time: the last one that it looked at is answered even if it does not match.
 */
export async function selectAudit(db: Queryable, query: AuditQuery): Promise<readonly AuditRecord[]> {
  const values: unknown[] = [query.limit, query.scan]
  const add = (value: unknown) => `$${values.push(value)}`
  const matches = matchesOf(query, add)
  const window = windowOf(query, add)
  const sourceOf = (table: string) =>
    // OFFSET 0 keeps the order out of the look for one user: else the planner may walk through those of all users.
    query.userId === undefined
      ? table
      : `(SELECT * FROM ${table} WHERE user_id = ${add(query.userId)} OFFSET 0) AS one`
  const { rows } = await db.query<
    Omit<AuditRecord, 'version' | 'microseconds'> & { version: string; microseconds: string }
  >({
    text: `SELECT user_id, kind AS document, version, updated_by, reason, ${UPDATED_AT_TEXT} AS updated_at, matches, ends,
                  (extract(epoch FROM updated_at) * 1000000)::bigint AS microseconds,
                  coalesce((
                    SELECT h.changes::text FROM document_history h
                    WHERE h.user_id = page.user_id AND h.kind = page.kind AND h.version = page.version), '[]') AS changes
           FROM (
             SELECT *, ${matches} AS matches, place = $2 AS ends FROM (
               SELECT *, row_number() OVER (ORDER BY ${ORDER}) AS place FROM (
                 (SELECT ${KEY}, updated_by, reason FROM ${sourceOf('document_history')}
                  WHERE ${window} ORDER BY ${ORDER} LIMIT $2)
                 UNION ALL
                 (SELECT ${KEY}, updated_by, 'delete' FROM ${sourceOf('documents')}
                  WHERE data IS NULL AND NOT starts_with(updated_by, 'sql:') AND ${window} ORDER BY ${ORDER} LIMIT $2)
               ) AS newest
             ) AS numbered WHERE place <= $2 AND (${matches} OR place = $2)
             ORDER BY ${ORDER} LIMIT $1
           ) AS page ORDER BY page.updated_at DESC, user_id DESC, kind DESC, page.version DESC`,
    values,
  })
  return rows.map(row => ({ ...row, version: Number(row.version), microseconds: Number(row.microseconds) }))
}

function matchesOf({ updatedBy, reason }: AuditQuery, add: Add): string {
  const conditions = [
    ...(updatedBy === undefined ? [] : [`updated_by = ${add(updatedBy)}`]),
    ...(reason === undefined ? [] : [`reason = ${add(reason)}`]),
  ]
  return conditions.join(' AND ') || 'true'
}

function windowOf({ from, until, after }: AuditQuery, add: Add): string {
  const conditions: string[] = []
  if (from !== undefined) conditions.push(`updated_at >= to_timestamp(${add(from)}::float8 / 1000)`)
  if (until !== undefined) conditions.push(`updated_at < to_timestamp(${add(until)}::float8 / 1000)`)
  if (after !== undefined) {
    const time = `timestamptz 'epoch' + ${add(after.microseconds)}::bigint * interval '1 microsecond'`
    conditions.push(
      `(${KEY}) < (${time}, ${add(after.user_id)}, ${add(after.document)}, ${add(after.version)}::bigint)`,
    )
  }
  return conditions.join(' AND ') || 'true'
}
