import type {
  FieldCondition,
  ListedUser,
  Operator,
  StoredUser,
  UserBatch,
  UserQuery,
} from '../../transfer/ports.ts'
import { textArray } from '../rows.ts'
import type { Queryable } from './documents.ts'

/** The only parts that are written into the text of a statement. */
const OPERATORS: Readonly<Record<Operator, string>> = {
  '=': '=',
  '!=': '<>',
  '>': '>',
  '<': '<',
  '>=': '>=',
  '<=': '<=',
}
/** A user exists when this document does. */
export const ROOT_KIND = 'settings'
/** Ids that begin with @ belong to documents of the gateway. */
export const NO_USERS = `user_id NOT LIKE '@%'`
const RFC_3339 = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`
/** Older days of order numbers are removed (retention). */
const SEQUENCE_DAYS = 3

/**
 * Users in the order of their ids. A value is compared with what is stored as JSON: numbers with numbers, texts with
 * texts; a field of another type, or none, fits only `!=`.
 */
export async function selectUsers(
  db: Queryable,
  { prefix, where, after, limit }: UserQuery,
): Promise<ListedUser[]> {
  const values: unknown[] = [after, prefix, limit]
  const conditions = where.map(condition => conditionSql(condition, values))
  const { rows } = await db.query<Omit<ListedUser, 'documents'> & { documents: string }>({
    text: `SELECT u.user_id, to_char(u.created_at AT TIME ZONE 'UTC', ${RFC_3339}) AS created_at,
                  to_char(d.updated_at AT TIME ZONE 'UTC', ${RFC_3339}) AS updated_at, d.documents
           FROM (
             SELECT user_id, created_at FROM documents AS u
             WHERE kind = '${ROOT_KIND}' AND data IS NOT NULL AND ${NO_USERS}
               AND user_id COLLATE "C" > $1 AND starts_with(user_id, $2)${conditions.map(each => ` AND ${each}`).join('')}
             ORDER BY user_id COLLATE "C" LIMIT $3) AS u
           CROSS JOIN LATERAL (
             SELECT max(updated_at) AS updated_at, count(*) AS documents FROM documents
             WHERE user_id = u.user_id AND data IS NOT NULL) AS d
           ORDER BY u.user_id COLLATE "C"`,
    values,
  })
  return rows.map(row => ({ ...row, documents: Number(row.documents) }))
}

/** A condition on the user `u.user_id`; its parameters are added to `values`. */
export function conditionSql({ kind, path, operator, value }: FieldCondition, values: unknown[]): string {
  const add = (each: unknown) => `$${values.push(each)}`
  const field = `w.data #> ${add(textArray(path))}::text[]`
  const wanted = `${add(JSON.stringify(value))}::jsonb`
  const same = `jsonb_typeof(${field}) = jsonb_typeof(${wanted})`
  const test =
    operator === '!='
      ? `(${field} IS NULL OR ${field} <> ${wanted})`
      : `${same} AND ${field} ${OPERATORS[operator]} ${wanted}`
  return `EXISTS (SELECT FROM documents AS w
    WHERE w.user_id = u.user_id AND w.kind = ${add(kind)} AND w.data IS NOT NULL AND ${test})`
}

/** Users with all their documents and the marks of their order numbers, each user's of one moment. */
export async function selectWholeUsers(
  db: Queryable,
  { after, users: limit, bytes, only }: UserBatch,
): Promise<StoredUser[]> {
  const { rows } = await db.query<{
    user_id: string
    kind: string | null
    data: string
    sequence: string | null
  }>({
    name: 'select-whole-users',
    text: `WITH u AS (
             SELECT user_id FROM documents
             WHERE kind = '${ROOT_KIND}' AND data IS NOT NULL AND ${NO_USERS}
               AND user_id COLLATE "C" > $1 AND ($3::text IS NULL OR user_id = $3)
             ORDER BY user_id COLLATE "C" LIMIT $2),
           d AS MATERIALIZED (
             SELECT user_id, kind, data::text AS data FROM documents JOIN u USING (user_id) WHERE data IS NOT NULL),
           b AS (
             SELECT user_id FROM (
               SELECT user_id, sum(sum(octet_length(data))) OVER (ORDER BY user_id COLLATE "C") - sum(octet_length(data)) AS before
               FROM d GROUP BY user_id) AS sizes
             WHERE before < $4)
           SELECT * FROM (
             SELECT user_id, kind, data, NULL::text AS sequence FROM d JOIN b USING (user_id)
             UNION ALL
             SELECT user_id, NULL, day, high_water::text FROM sequences JOIN b USING (user_id)
             WHERE day >= to_char(clock_timestamp() AT TIME ZONE 'UTC' - interval '${SEQUENCE_DAYS} days', 'YYYYMMDD')
           ) AS parts ORDER BY user_id COLLATE "C"`,
    values: [after, limit, only ?? null, bytes],
  })
  const users = new Map<string, { documents: Map<string, string>; sequence: Map<string, number> }>()
  for (const { user_id: userId, kind, data, sequence } of rows) {
    let user = users.get(userId)
    if (user === undefined) {
      user = { documents: new Map(), sequence: new Map() }
      users.set(userId, user)
    }
    if (kind === null) user.sequence.set(data, Number(sequence))
    else user.documents.set(kind, data)
  }
  return [...users].map(([userId, user]) => ({ userId, ...user }))
}
