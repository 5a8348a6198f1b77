import type { DocumentRef } from '../../consistency/document-rows.ts'
import type { HistoryQuery, HistoryRecord } from '../../settings/ports.ts'
import { UPDATED_AT_TEXT } from '../rows.ts'
import type { Queryable } from './documents.ts'

/** Newest first. */
export async function selectHistory(
  db: Queryable,
  ref: DocumentRef,
  { limit, before, section }: HistoryQuery,
): Promise<HistoryRecord[]> {
  const { rows } = await db.query<HistoryRecord & { version: string }>({
    name: 'select-history',
    text: `SELECT version, ${UPDATED_AT_TEXT} AS updated_at, updated_by, reason, changes::text AS changes
           FROM document_history
           WHERE user_id = $1 AND kind = $2 AND version < coalesce($3::bigint, 9223372036854775807)
             AND ($4::text IS NULL OR changes = '[]' OR EXISTS (
               SELECT FROM jsonb_array_elements(CASE jsonb_typeof(changes) WHEN 'array' THEN changes ELSE '[]' END) AS change
               WHERE change ->> 'path' = $4 OR starts_with(change ->> 'path', $4 || '.')))
           ORDER BY version DESC LIMIT $5`,
    values: [ref.userId, ref.kind, before ?? null, section ?? null, limit],
  })
  return rows.map(row => ({ ...row, version: Number(row.version) }))
}
