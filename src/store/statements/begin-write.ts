import { type ClientBase, escapeLiteral, type QueryResult } from 'pg'
import type { DocumentRef, Row, View } from '../../consistency/ports.ts'
import { columns, type DocumentRecord, toRow, toView, type ViewRecord } from '../rows.ts'
import { DOCUMENT_COLUMNS } from './documents.ts'
import { VIEW_COLUMNS } from './view.ts'

/**
 * BEGIN, VIEW lock shared and row locks, then the view and the rows that exist: four statements in one message, which
 * saves a write three round trips while it holds its locks. Each statement has a snapshot of its own, so that the
 * last two see what was committed before the locks were granted. One message takes no parameters: the texts are
 * escaped as literals.
 */
export async function beginWrite(
  client: ClientBase,
  refs: readonly DocumentRef[],
): Promise<{ view: View; rows: readonly Row[] }> {
  const wanted = columns(refs).map(textArray).join(', ')
  const results: unknown = await client.query(`
    BEGIN;
    SELECT lock_for_write(${wanted});
    SELECT ${VIEW_COLUMNS} FROM cache_view;
    SELECT ${DOCUMENT_COLUMNS} FROM documents
    JOIN unnest(${wanted}) AS wanted (user_id, kind) USING (user_id, kind)`)
  const [, , views, documents] = results as readonly QueryResult[]
  return {
    view: toView((views as QueryResult<ViewRecord>).rows[0]!),
    rows: (documents as QueryResult<DocumentRecord>).rows.map(toRow),
  }
}

function textArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map(escapeLiteral).join(', ')}]::text[]`
}
