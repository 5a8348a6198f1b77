import type { ChangePoint } from '../../events/change-point.ts'
import type { ChangesSince, DocumentChange } from '../../events/ports.ts'
import type { Queryable } from './documents.ts'
import { LEASES_RUN } from './view.ts'

interface ChangeRecord {
  readonly user_id: string
  readonly kind: string
  readonly version: string
  readonly deleted: boolean
  readonly xid: string
}

type SinceRecord = { readonly database: string; readonly snapshot: string; readonly leases_run: boolean } & (
  | ChangeRecord
  | { readonly user_id: null }
)

const COLUMNS = 'user_id, kind, version, data IS NULL AS deleted, changed_xid::text AS xid'
/** Ids of transactions of another incarnation mean nothing. */
const OURS = 'incarnation = current_incarnation()'

/**
 * Documents changed by transactions that a point does not include, and the point of this statement's own snapshot.
 * Two index scans: later transactions, and those that were under way.
 */
export async function selectChangesAfter(
  db: Queryable,
  since: ChangePoint | undefined,
  limit: number,
): Promise<ChangesSince | 'not-yet'> {
  const { rows } = await db.query<SinceRecord>({
    name: 'select-changes-after',
    text: `SELECT left(md5(database_identity()), 8) AS database, pg_current_snapshot()::text AS snapshot,
                  ${LEASES_RUN} AS leases_run, changed.*
           FROM (VALUES (1)) AS always
           LEFT JOIN (
             SELECT ${COLUMNS} FROM documents WHERE ${OURS} AND changed_xid >= $1::text::xid8
             UNION ALL
             SELECT ${COLUMNS} FROM documents WHERE ${OURS} AND changed_xid = ANY ($2::text[]::xid8[])
             LIMIT $3
           ) AS changed ON true`,
    values: [since?.next.toString() ?? null, since?.running.map(String) ?? [], limit + 1],
  })
  const { database, snapshot, leases_run } = rows[0]!
  if (leases_run) return 'not-yet'
  const changes = rows.filter(row => row.user_id !== null).map(toChange)
  return {
    point: toPoint(database, snapshot),
    changes:
      changes.length > limit
        ? 'too-many'
        : changes.sort((a, b) => (a.xid < b.xid ? -1 : Number(a.xid > b.xid))),
  }
}

/** The documents of these users that were changed in this incarnation, deleted ones included. */
export async function selectVersionsOf(db: Queryable, userIds: readonly string[]): Promise<DocumentChange[]> {
  const { rows } = await db.query<ChangeRecord>({
    name: 'select-versions-of',
    text: `SELECT ${COLUMNS} FROM documents WHERE user_id = ANY ($1::text[]) AND ${OURS} ORDER BY changed_xid`,
    values: [userIds],
  })
  return rows.map(toChange)
}

function toChange({ user_id, kind, version, deleted, xid }: ChangeRecord): DocumentChange {
  return { userId: user_id, document: kind, version: Number(version), deleted, xid: BigInt(xid) }
}

/** `100:105:100,103` = every transaction below 105 has ended except 100 and 103. */
function toPoint(database: string, snapshot: string): ChangePoint {
  const [, next, running] = snapshot.split(':')
  return { database, next: BigInt(next!), running: running ? running.split(',').map(BigInt) : [] }
}
