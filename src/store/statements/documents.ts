import type { ClientBase, Pool } from 'pg'
import type { Change, DocumentRef, HeldVersion } from '../../consistency/document-rows.ts'
import type { ChangedRows, Moment, RecentChanges, RowsRead } from '../../consistency/store-port.ts'
import { Batch, type Statement } from '../batch.ts'
import { columns, type DocumentRecord, SERVER, toRow, UPDATED_AT_TEXT } from '../rows.ts'

export type Queryable = Pool | ClientBase

export const DOCUMENT_COLUMNS = `user_id, kind, version, ${UPDATED_AT_TEXT} AS updated_at, data::text AS data`

/** The same without the content. */
export const VERSION_COLUMNS = `user_id, kind, version, ${UPDATED_AT_TEXT} AS updated_at, NULL::text AS data`

/** The columns of a MomentRecord. */
const MOMENT_COLUMNS = `(SELECT id FROM database_incarnation) AS database, ${SERVER} AS server,
  pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_xid`

/** All rows that exist, deleted ones included, and the view, of one snapshot. */
export async function selectDocuments(
  db: Queryable,
  view: number,
  refs: readonly DocumentRef[],
): Promise<RowsRead> {
  const { rows } = await db.query<DocumentRecord & { view_epoch: string | null }>({
    name: 'select-documents',
    text: `SELECT ${DOCUMENT_COLUMNS}, (SELECT epoch FROM cache_view WHERE id = $3 AND mode = 'ON') AS view_epoch
           FROM documents
           JOIN unnest($1::text[], $2::text[]) AS wanted (user_id, kind) USING (user_id, kind)`,
    values: [...columns(refs), view],
  })
  const epoch = rows[0]?.view_epoch ?? null
  return { rows: rows.map(toRow), epoch: epoch === null ? null : Number(epoch) }
}

/**
 * The rows that are not at the version held (StorePort.readChangedRows), with the view and the incarnation of the same
 * snapshot: one row without a document when there is none.
 */
export async function selectChangedDocuments(
  pool: Pool,
  view: number,
  refs: readonly DocumentRef[],
  held: readonly (HeldVersion | undefined)[],
): Promise<ChangedRows> {
  const { rows } = await Batch.runOne(pool, {
    name: 'select-changed-documents',
    text: `SELECT state.*, changed.*
           FROM (SELECT ${MOMENT_COLUMNS},
                        (SELECT epoch FROM cache_view WHERE id = $5 AND mode = 'ON') AS view_epoch) AS state
           LEFT JOIN (
             SELECT user_id, kind, coalesce(version, 0) AS version, ${UPDATED_AT_TEXT} AS updated_at, data::text AS data
             FROM unnest($1::text[], $2::text[], $3::text[]::bigint[], $4::text[]::timestamptz[])
               AS held (user_id, kind, held_version, held_at)
             LEFT JOIN documents USING (user_id, kind)
             WHERE version IS DISTINCT FROM held_version OR (held_at IS NOT NULL AND updated_at <> held_at)
           ) AS changed ON true`,
    values: [
      ...columns(refs),
      held.map(each => each?.version.toString() ?? null),
      held.map(each => each?.updatedAt ?? null),
      String(view),
    ],
  })
  const records = rows as unknown as ChangedRecord[]
  const { view_epoch: epoch } = records[0]!
  return {
    ...toMoment(records[0]!),
    rows: records.filter(isDocument).map(toRow),
    epoch: epoch === null ? null : Number(epoch),
  }
}

interface MomentRecord {
  readonly database: string | null
  readonly server: string
  readonly oldest_xid: string
}

/** Records of a LEFT JOIN: one without a document when there is none. */
type MaybeDocument<T> = T | { readonly user_id: null }

type ChangedRecord = MomentRecord & { readonly view_epoch: string | null } & MaybeDocument<DocumentRecord>

function isDocument<T extends object>(record: T): record is T & DocumentRecord {
  return (record as MaybeDocument<DocumentRecord>).user_id !== null
}

function toMoment({ database, server, oldest_xid }: MomentRecord): Moment {
  return { database: database ?? '', server, oldestXid: BigInt(oldest_xid) }
}

/** The order makes the planner use the index documents_changed: it does not know `xid`, and expects a third of all rows behind it. */
export function recentChanges(xid: bigint, limit: number): Statement {
  return {
    name: 'select-recent-changes',
    text: `SELECT state.*, changed.*
           FROM (SELECT ${MOMENT_COLUMNS}) AS state
           LEFT JOIN (
             SELECT user_id, kind, version FROM documents
             WHERE incarnation = (SELECT number FROM database_incarnation) AND changed_xid >= $1::text::xid8
             ORDER BY incarnation, changed_xid
             LIMIT $2
           ) AS changed ON true`,
    values: [xid.toString(), String(limit + 1)],
  }
}

/** What was changed by `xid` of this incarnation or a later one (StorePort.readChangesSince). */
export async function selectRecentChanges(pool: Pool, xid: bigint, limit: number): Promise<RecentChanges> {
  const { rows } = await Batch.runOne(pool, recentChanges(xid, limit))
  const records = rows as unknown as (MomentRecord & MaybeDocument<DocumentRecord>)[]
  const changed = records.filter(isDocument).map(({ user_id, kind, version }) => ({
    ref: { userId: user_id, kind },
    version: Number(version),
  }))
  return { ...toMoment(records[0]!), changed: changed.length > limit ? undefined : changed }
}

/** False when a writer holds one of the row locks. */
export async function tryLockDocuments(db: Queryable, refs: readonly DocumentRef[]): Promise<boolean> {
  const { rows } = await db.query<{ locked: boolean }>({
    name: 'try-lock-documents',
    text: 'SELECT try_lock_documents($1::text[], $2::text[]) AS locked',
    values: columns(refs),
  })
  return rows[0]!.locked
}

/** Stores the changes with their history; answers `updated_at`, the moment of the change (RFC 3339, UTC). */
export function applyChanges(changes: readonly Change[]): Statement {
  return changes.length === 1 ? applyOne(changes[0]!) : applySeveral(changes)
}

/** The same, or a conflict when the transaction does not hold all row locks. */
export function applyChangesUnderLocks(changes: readonly Change[]): Statement {
  return changes.length === 1
    ? applyOne(changes[0]!, 'require_row_lock($1, $2)')
    : applySeveral(changes, 'require_row_locks($1::text[], $2::text[])')
}

/** `condition`: a function that is called first and refuses with an error. */
function applyOne(
  { ref, previous, version, data, changes, updatedBy, reason }: Change,
  condition?: string,
): Statement {
  return {
    name: condition === undefined ? 'apply-change' : 'apply-change-under-lock',
    text: applying('apply_change($1, $2, $3, $4, $5, $6, $7, $8)', condition),
    values: [ref.userId, ref.kind, String(previous), String(version), data, changes, updatedBy, reason],
  }
}

function applySeveral(all: readonly Change[], condition?: string): Statement {
  const twins = twinsOf(all)
  return {
    name: condition === undefined ? 'apply-changes' : 'apply-changes-under-locks',
    text: applying(
      `apply_changes(
         $1::text[], $2::text[], $3::text[]::bigint[], $4::text[]::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]
       )`,
      condition,
    ),
    values: [
      ...columns(all.map(({ ref }) => ref)),
      all.map(({ previous }) => String(previous)),
      all.map(({ version }) => String(version)),
      all.map(({ data }, i) => (twins?.[i] == null ? data : null)),
      all.map(({ changes }) => changes),
      all.map(({ updatedBy }) => updatedBy),
      all.map(({ reason }) => reason),
      twins,
    ],
  }
}

/** CASE is what fixes the order of the two calls. */
function applying(call: string, condition: string | undefined): string {
  const applied = condition === undefined ? call : `CASE WHEN ${condition} THEN ${call} END`
  return `SELECT ${UPDATED_AT_TEXT} AS updated_at FROM (SELECT ${applied}) AS applied (updated_at)`
}

/** For each new document the user whose new document of the same kind comes earlier and has the same content; null = none has. Null when there are no such documents. */
function twinsOf(all: readonly Change[]): (string | null)[] | null {
  const firsts = new Map<string, Map<string, string>>()
  const twins = all.map(({ ref: { userId, kind }, previous, data }) => {
    if (previous !== 0 || data === null) return null
    const users = firsts.get(kind) ?? new Map<string, string>()
    firsts.set(kind, users)
    const first = users.get(data)
    if (first === undefined) users.set(data, userId)
    return first ?? null
  })
  return twins.some(twin => twin !== null) ? twins : null
}

/** Documents changed by transaction `xid` of this incarnation or a later one, at most `limit`, deleted ones included. */
export async function selectChangedSince(
  db: Queryable,
  xid: bigint,
  limit: number,
): Promise<{ ref: DocumentRef; version: number }[]> {
  const { rows } = await db.query<{ user_id: string; kind: string; version: string }>({
    name: 'select-changed-since',
    text: `SELECT user_id, kind, version FROM documents
           WHERE incarnation = current_incarnation() AND changed_xid >= $1::text::xid8 LIMIT $2`,
    values: [xid.toString(), limit],
  })
  return rows.map(row => ({ ref: { userId: row.user_id, kind: row.kind }, version: Number(row.version) }))
}
