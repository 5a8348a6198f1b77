import type {
  FieldCondition,
  FoundUsers,
  ListedUser,
  Operator,
  StoredUser,
  UserBatch,
  UserQuery,
} from '../../transfer/ports.ts'
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

/** Candidates of one search: with more, looking at users one after the other finds enough of them soon. */
const MAX_CANDIDATES = 1_000

/** The users whom an index names for a condition; undefined when there is no index for it, or they are too many. */
export async function selectCandidates(
  db: Queryable,
  { kind, path, operator, value }: FieldCondition,
): Promise<readonly string[] | undefined> {
  if (operator === '!=' || !kind.startsWith('mode.') || path.join() !== 'size,leverage') return undefined
  const { rows } = await db.query<{ user_id: string }>({
    name: 'select-candidates',
    text: 'SELECT users_by_leverage($1, $2, $3::jsonb, $4::integer) AS user_id',
    values: [kind, OPERATORS[operator], JSON.stringify(value), MAX_CANDIDATES + 1],
  })
  return rows.length > MAX_CANDIDATES ? undefined : rows.map(({ user_id: userId }) => userId)
}

/**
 * Users in the order of their ids, among the next `looks` ones, or among those of `only`. A value is compared with what is
 * stored as JSON: numbers with numbers, texts with texts; a field of another type, or none, fits only `!=`.
 */
export async function selectUsers(
  db: Queryable,
  { prefix, where, after, limit, looks }: UserQuery,
  only?: readonly string[],
): Promise<FoundUsers> {
  const values: unknown[] = [after, prefix, limit, only === undefined ? looks : null]
  const among = only === undefined ? '' : `AND user_id = ANY ($${values.push(only)}::text[])`
  const conditions = where.map(condition => conditionSql(condition, values))
  const { rows } = await db.query<UserRecord>({
    text: `WITH page AS MATERIALIZED (
             SELECT user_id, created_at FROM documents
             WHERE kind = '${ROOT_KIND}' AND data IS NOT NULL AND ${NO_USERS}
               AND user_id COLLATE "C" > $1 AND starts_with(user_id, $2) ${among}
             ORDER BY user_id COLLATE "C" LIMIT $4)
           SELECT (SELECT max(user_id COLLATE "C") FROM page) AS last, (SELECT count(*) FROM page) AS looked, f.user_id,
                  to_char(f.created_at AT TIME ZONE 'UTC', ${RFC_3339}) AS created_at,
                  to_char(d.updated_at AT TIME ZONE 'UTC', ${RFC_3339}) AS updated_at, d.documents
           FROM (VALUES (1)) AS one
           LEFT JOIN (
             SELECT user_id, created_at FROM (SELECT * FROM page ORDER BY user_id COLLATE "C" OFFSET 0) AS u
             WHERE true${conditions.map(each => ` AND ${each}`).join('')} LIMIT $3) AS f ON true
           LEFT JOIN LATERAL (
             SELECT max(updated_at) AS updated_at, count(*) AS documents FROM documents
             WHERE user_id = f.user_id AND data IS NOT NULL) AS d ON true
           ORDER BY f.user_id COLLATE "C"`,
    values,
  })
  const { last, looked } = rows[0]!
  const hasMore = only === undefined && Number(looked) === looks
  return { users: rows.filter(isUser).map(toUser), last: hasMore ? last : null }
}

/** Without a user: none was found. */
type UserRecord = { readonly last: string | null; readonly looked: string } & (
  | (Omit<ListedUser, 'documents'> & { readonly documents: string })
  | { readonly user_id: null }
)

function isUser(record: UserRecord): record is UserRecord & { readonly user_id: string } {
  return record.user_id !== null
}

function toUser({
  user_id,
  created_at,
  updated_at,
  documents,
}: Extract<UserRecord, { documents: string }>): ListedUser {
  return { user_id, created_at, updated_at, documents: Number(documents) }
}

/**
 * A condition on the user `u.user_id`; its parameters are added to `values`. Looked at user by user: PostgreSQL knows
 * nothing of the values of fields, and would read the documents of all users for a join. The field is taken out once,
 * because each time costs reading and unpacking the whole document.
 */
export function conditionSql({ kind, path, operator, value }: FieldCondition, values: unknown[]): string {
  const add = (each: unknown) => `$${values.push(each)}`
  const wanted = `${add(JSON.stringify(value))}::jsonb`
  const test =
    operator === '!='
      ? `(f.field IS NULL OR f.field <> ${wanted})`
      : `jsonb_typeof(f.field) = jsonb_typeof(${wanted}) AND f.field ${OPERATORS[operator]} ${wanted}`
  return `coalesce((SELECT ${test} FROM (
    SELECT w.data #> ${add(path)}::text[] AS field FROM documents AS w
    WHERE w.user_id = u.user_id AND w.kind = ${add(kind)} AND w.data IS NOT NULL OFFSET 0) AS f), false)`
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
