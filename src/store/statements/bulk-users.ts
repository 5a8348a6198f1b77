import type { Pool } from 'pg'
import type { ClaimedBulk, FieldValue, PendingUser, PreviewPage, SettledUser } from '../../jobs/bulk-ports.ts'
import type { FieldCondition } from '../../transfer/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'
import { conditionSql, NO_USERS, ROOT_KIND } from './users.ts'

/**
 * Looks at the next users and lists those who fit. Under the row lock of the bulk change, so that two instances list no user
 * twice. False = there are no more.
 */
export async function listBulkUsers(
  db: Pool,
  { id, kind }: Pick<ClaimedBulk, 'id' | 'kind'>,
  conditions: readonly FieldCondition[],
  limit: number,
): Promise<boolean> {
  const values: (string | null)[] = [id, String(limit), kind]
  const where = conditions.map(condition => ` AND ${conditionSql(condition, values)}`).join('')
  const rows = await runReadCommitted<{ listed: boolean }>(db, {
    name: '',
    text: `WITH job AS (SELECT * FROM bulk_changes WHERE id = $1 AND state = 'running' AND NOT listed FOR UPDATE),
           page AS (
             SELECT u.user_id FROM documents u, job
             WHERE u.kind = '${ROOT_KIND}' AND u.data IS NOT NULL AND ${NO_USERS} AND u.user_id COLLATE "C" > job.listed_to
             ORDER BY u.user_id COLLATE "C" LIMIT $2::integer),
           added AS (
             INSERT INTO bulk_users (bulk_id, user_id, state, version, faults)
             SELECT job.id, u.user_id, CASE WHEN late.is_late THEN 'refused' ELSE 'pending' END, d.version,
                    CASE WHEN late.is_late THEN '[{"path":"","message":"the document was changed since the dry run (If-Match)"}]' END
             FROM job, page u
             LEFT JOIN documents d ON d.user_id = u.user_id AND d.kind = $3
             CROSS JOIN LATERAL (SELECT (
               SELECT NOT pg_visible_in_snapshot(d.changed_xid, job.since) AND d.incarnation = current_incarnation()) AS is_late) AS late
             WHERE true${where}
             ON CONFLICT DO NOTHING RETURNING 1)
           UPDATE bulk_changes b
           SET listed_to = coalesce((SELECT max(user_id COLLATE "C") FROM page), b.listed_to),
               total = b.total + (SELECT count(*) FROM added),
               listed = (SELECT count(*) FROM page) < $2::integer,
               started_at = CASE WHEN (SELECT count(*) FROM page) < $2::integer THEN clock_timestamp() END
           FROM job WHERE b.id = job.id
           RETURNING b.listed`,
    values,
  })
  return rows[0]?.listed === false
}

/** The same for one that takes another one back: the users whom that one changed. */
export async function listRevertedUsers(
  db: Pool,
  { id, reverts }: Pick<ClaimedBulk, 'id' | 'reverts'>,
  limit: number,
): Promise<boolean> {
  const rows = await runReadCommitted<{ listed: boolean }>(db, {
    name: 'list-reverted-users',
    text: `WITH job AS (SELECT * FROM bulk_changes WHERE id = $1 AND state = 'running' AND NOT listed FOR UPDATE),
           page AS (
             SELECT u.user_id, u.version FROM bulk_users u, job
             WHERE u.bulk_id = $2 AND u.state = 'done' AND u.user_id > job.listed_to ORDER BY u.user_id LIMIT $3::integer),
           added AS (
             INSERT INTO bulk_users (bulk_id, user_id, version) SELECT job.id, u.user_id, u.version FROM job, page u
             ON CONFLICT DO NOTHING RETURNING 1)
           UPDATE bulk_changes b
           SET listed_to = coalesce((SELECT max(user_id) FROM page), b.listed_to),
               total = b.total + (SELECT count(*) FROM added),
               listed = (SELECT count(*) FROM page) < $3::integer,
               started_at = CASE WHEN (SELECT count(*) FROM page) < $3::integer THEN clock_timestamp() END
           FROM job WHERE b.id = job.id
           RETURNING b.listed`,
    values: [id, reverts, String(limit)],
  })
  return rows[0]?.listed === false
}

export async function selectPendingUsers(
  db: Queryable,
  { id, kind, reverts }: ClaimedBulk,
  after: string,
  limit: number,
): Promise<PendingUser[]> {
  const { rows } = await db.query<{ user_id: string; version: string | null; changes: string | null }>({
    name: 'select-pending-users',
    text: `SELECT u.user_id, u.version, h.changes::text AS changes
           FROM bulk_users u
           LEFT JOIN document_history h
             ON $5::text IS NOT NULL AND h.user_id = u.user_id AND h.kind = $2 AND h.version = u.version
           WHERE u.bulk_id = $1 AND u.state = 'pending' AND u.user_id > $3 ORDER BY u.user_id LIMIT $4`,
    values: [id, kind, after, limit, reverts],
  })
  return rows.map(({ user_id: userId, version, changes }) => ({
    userId,
    version: version === null ? null : Number(version),
    changes,
  }))
}

/** Users whom no write marks. Those that were settled before stay as they are. */
export async function settleBulkUsers(db: Pool, id: string, users: readonly SettledUser[]): Promise<void> {
  await runReadCommitted(db, {
    name: 'settle-bulk-users',
    text: `UPDATE bulk_users u SET state = s.state, faults = s.faults
           FROM unnest($2::text[], $3::text[], $4::text[]) AS s (user_id, state, faults)
           WHERE u.bulk_id = $1 AND u.user_id = s.user_id AND u.state = 'pending'`,
    values: [
      id,
      users.map(({ userId }) => userId),
      users.map(({ state }) => state),
      users.map(({ faults }) => (faults === undefined ? null : JSON.stringify(faults))),
    ],
  })
}

export async function selectSnapshot(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ snapshot: string }>({
    name: 'select-snapshot',
    text: 'SELECT pg_current_snapshot()::text AS snapshot',
  })
  return rows[0]!.snapshot
}

/** Counts what the values would change for the next users who fit. */
export async function selectBulkPreview(
  db: Queryable,
  kind: string,
  fields: readonly FieldValue[],
  conditions: readonly FieldCondition[],
  after: string,
  limit: number,
): Promise<PreviewPage> {
  const values: unknown[] = [after, limit, kind]
  const where = conditions.map(condition => ` AND ${conditionSql(condition, values)}`).join('')
  const tests = fields.map(({ path, json }) => {
    const [names, value] = [`$${values.push(path)}::text[]`, `$${values.push(json)}::jsonb`]
    return `(d.data #> ${names} IS DISTINCT FROM ${value})`
  })
  const counts = tests.map(test => `count(*) FILTER (WHERE ${test})`).join(', ')
  const { rows } = await db.query<{ last: string | null; users: string; changing: string; fields: string[] }>(
    {
      text: `WITH page AS MATERIALIZED (
             SELECT u.user_id FROM documents u
             WHERE u.kind = '${ROOT_KIND}' AND u.data IS NOT NULL AND ${NO_USERS} AND u.user_id COLLATE "C" > $1
             ORDER BY u.user_id COLLATE "C" LIMIT $2)
           SELECT (SELECT max(user_id COLLATE "C") FROM page) AS last, count(*) AS users,
                  count(*) FILTER (WHERE ${tests.join(' OR ') || 'false'}) AS changing,
                  ARRAY[${counts}]::bigint[] AS fields
           FROM page u LEFT JOIN documents d ON d.user_id = u.user_id AND d.kind = $3
           WHERE true${where}`,
      values,
    },
  )
  const { last, users, changing, fields: changed } = rows[0]!
  return { last, users: Number(users), changing: Number(changing), fields: changed.map(Number) }
}
