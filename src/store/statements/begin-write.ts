import { type ClientBase, escapeLiteral, type QueryResult } from 'pg'
import type { DocumentRef, Row, View } from '../../consistency/ports.ts'
import { Batch } from '../batch.ts'
import { columns, type DocumentRecord, toRow, toView, type ViewRecord } from '../rows.ts'
import { DOCUMENT_COLUMNS } from './documents.ts'
import { VIEW_COLUMNS } from './view.ts'

/** What a write sees under its locks: the view, and the rows that exist. */
export interface Begun {
  readonly view: View
  readonly rows: readonly Row[]
}

/**
 * BEGIN, VIEW lock shared and row locks, then the view and the rows that exist: four statements in one message, which
 * saves a write three round trips while it holds its locks. Each statement has a snapshot of its own, so that the
 * last two see what was committed before the locks were granted.
 */
export function beginWrite(client: ClientBase, refs: readonly DocumentRef[]): Promise<Begun> {
  return refs.length === 1 ? beginOne(client, refs[0]!) : beginSeveral(client, refs)
}

async function beginOne(client: ClientBase, { userId, kind }: DocumentRef): Promise<Begun> {
  const values = [userId, kind]
  const [, , views, documents] = await Batch.run(client, [
    { name: 'begin', text: 'BEGIN', values: [] },
    { name: 'lock-one-for-write', text: 'SELECT lock_one_for_write($1, $2)', values },
    { name: 'view-of-write', text: `SELECT ${VIEW_COLUMNS} FROM cache_view`, values: [] },
    {
      name: 'document-of-write',
      text: `SELECT ${DOCUMENT_COLUMNS} FROM documents WHERE user_id = $1 AND kind = $2`,
      values,
    },
  ])
  return begun(views!.rows, documents!.rows)
}

/** One message of several statements without a name takes no parameters: the texts are escaped as literals. */
async function beginSeveral(client: ClientBase, refs: readonly DocumentRef[]): Promise<Begun> {
  const wanted = columns(refs).map(textArray).join(', ')
  const results: unknown = await client.query(`
    BEGIN;
    SELECT lock_for_write(${wanted});
    SELECT ${VIEW_COLUMNS} FROM cache_view;
    SELECT ${DOCUMENT_COLUMNS} FROM documents
    JOIN unnest(${wanted}) AS wanted (user_id, kind) USING (user_id, kind)`)
  const [, , views, documents] = results as readonly QueryResult[]
  return begun(views!.rows, documents!.rows)
}

function begun(views: readonly unknown[], documents: readonly unknown[]): Begun {
  return {
    view: toView(views[0] as ViewRecord),
    rows: documents.map(record => toRow(record as DocumentRecord)),
  }
}

function textArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map(escapeLiteral).join(', ')}]::text[]`
}
