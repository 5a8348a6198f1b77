import type { DocumentRef } from '../../consistency/ports.ts'
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

/** The highest version that the retention removed; 0 = none. */
export async function selectPrunedVersion(db: Queryable, ref: DocumentRef): Promise<number> {
  const { rows } = await db.query<{ version: string }>({
    name: 'select-pruned-version',
    text: 'SELECT version FROM history_pruned WHERE user_id = $1 AND kind = $2',
    values: [ref.userId, ref.kind],
  })
  return Number(rows[0]?.version ?? 0)
}

/** The document as it was at `version` (JSON text); undefined when the history does not hold it. */
export async function selectOldContent(
  db: Queryable,
  ref: DocumentRef,
  version: number,
): Promise<string | undefined> {
  const { rows } = await db.query<{ data: string | null }>({
    name: 'select-old-content',
    text: `SELECT data::text AS data FROM document_history
           WHERE user_id = $1 AND kind = $2 AND version = $3`,
    values: [ref.userId, ref.kind, version],
  })
  return rows[0]?.data ?? undefined
}
