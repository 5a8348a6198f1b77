import type { DocumentRef } from '../../consistency/document-rows.ts'
import type { PastDocuments, PastMoment, PastVersion } from '../../settings/ports.ts'
import { type DocumentRecord, toRow, UPDATED_AT_TEXT } from '../rows.ts'
import type { Queryable } from './documents.ts'

/** A version that the history holds; all null when it does not. */
type VersionRecord = DocumentRecord | { readonly version: null }

/** One version of a document, and what tells why the history does not hold it, of one snapshot. */
export async function selectVersion(
  db: Queryable,
  { userId, kind }: DocumentRef,
  root: string,
  version: number,
): Promise<PastVersion> {
  const { rows } = await db.query<VersionRecord & { pruned: string; user_exists: boolean }>({
    name: 'select-version',
    text: `SELECT h.user_id, h.kind, h.version, h.updated_at, h.data,
                  coalesce((SELECT p.version FROM history_pruned p WHERE p.user_id = $1 AND p.kind = $2), 0) AS pruned,
                  EXISTS (SELECT FROM documents d WHERE d.user_id = $1 AND d.kind = $3 AND d.data IS NOT NULL) AS user_exists
           FROM (VALUES (1)) AS one
           LEFT JOIN (
             SELECT user_id, kind, version, ${UPDATED_AT_TEXT} AS updated_at, data::text AS data
             FROM document_history WHERE user_id = $1 AND kind = $2 AND version = $4
           ) AS h ON true`,
    values: [userId, kind, root, version],
  })
  const record = rows[0]!
  return {
    userExists: record.user_exists,
    pruned: Number(record.pruned),
    row: isVersion(record) ? toRow(record) : undefined,
  }
}

/** Of each document the newest version that was stored at `at` or before, all of one snapshot; in the order of `kinds`. */
export async function selectMoment(
  db: Queryable,
  { userId, root, kinds, at }: PastMoment,
): Promise<PastDocuments> {
  const { rows } = await db.query<
    VersionRecord & { pruned: string; existed: boolean; user_exists: boolean; now: number }
  >({
    name: 'select-moment',
    text: `SELECT h.user_id, h.kind, h.version, h.updated_at, h.data, coalesce(p.version, 0) AS pruned,
                  coalesce(d.created_at <= moment.at, false) AS existed,
                  EXISTS (SELECT FROM documents r WHERE r.user_id = $1 AND r.kind = $3 AND r.data IS NOT NULL) AS user_exists,
                  extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
           FROM (SELECT to_timestamp($4::float8 / 1000) AS at) AS moment
           CROSS JOIN unnest($2::text[]) WITH ORDINALITY AS wanted (kind, place)
           LEFT JOIN documents d ON d.user_id = $1 AND d.kind = wanted.kind
           LEFT JOIN history_pruned p ON p.user_id = $1 AND p.kind = wanted.kind
           LEFT JOIN LATERAL (
             SELECT user_id, kind, version, ${UPDATED_AT_TEXT} AS updated_at, data::text AS data
             FROM document_history v
             WHERE v.user_id = $1 AND v.kind = wanted.kind AND v.updated_at <= moment.at
             ORDER BY v.version DESC LIMIT 1
           ) AS h ON true
           ORDER BY wanted.place`,
    values: [userId, kinds, root, at],
  })
  return {
    userExists: rows[0]!.user_exists,
    now: rows[0]!.now,
    documents: rows.map(record => ({
      row: isVersion(record) ? toRow(record) : undefined,
      pruned: Number(record.pruned),
      existed: record.existed,
    })),
  }
}

function isVersion<T extends VersionRecord>(record: T): record is T & DocumentRecord {
  return record.version !== null
}
