import type { ClientBase } from 'pg'
import type { DocumentRef, WriteTransaction } from '../../consistency/ports.ts'
import { Batch, type Statement } from '../batch.ts'
import { BEGIN } from '../read-committed.ts'
import { columns, type DocumentRecord, SERVER, toRow, toView, type ViewRecord } from '../rows.ts'
import { DOCUMENT_COLUMNS } from './documents.ts'
import { OTHER_LAYOUT_USED, VIEW_COLUMNS } from './view.ts'

const viewOfWrite = (view: number): Statement => ({
  name: 'view-of-write',
  text: `SELECT ${VIEW_COLUMNS}, ${OTHER_LAYOUT_USED} AS other_layout_used,
                (SELECT version_base FROM database_incarnation) AS version_base, ${SERVER} AS server,
                (SELECT version FROM documents
                 WHERE user_id = '@admin' AND kind = 'defaults' AND data IS NOT NULL) AS defaults_version
         FROM cache_view WHERE id = $1`,
  values: [String(view)],
})

/** What a write sees under its locks: the view, and the rows that exist. */
export type BegunWrite = Pick<
  WriteTransaction,
  'view' | 'otherLayoutUsed' | 'rows' | 'unlocked' | 'versionBase' | 'defaultsVersion' | 'server'
>

interface WriteRecord extends ViewRecord {
  readonly other_layout_used: boolean
  readonly version_base: string
  readonly defaults_version: string | null
  readonly server: string
}

/**
 * BEGIN, VIEW lock shared and row locks, then the view and the rows that exist: four statements in one message, which
 * saves a write three round trips while it holds its locks. Each statement has a snapshot of its own, so that the
 * last two see what was committed before the locks were granted. `waits`: for row locks that others hold.
 */
export async function beginWrite(
  client: ClientBase,
  ofView: number,
  refs: readonly DocumentRef[],
  waits: boolean,
): Promise<BegunWrite> {
  const [lock, read] = refs.length === 1 ? one(refs[0]!, waits) : several(refs, waits)
  const [, locks, views, documents] = await Batch.run(client, [BEGIN, lock, viewOfWrite(ofView), read])
  const record = views!.rows[0] as unknown as WriteRecord | undefined
  const view = toView(record)
  const locked = waits ? undefined : [locks!.rows[0]!.locked].flat()
  return {
    view,
    otherLayoutUsed: record!.other_layout_used,
    versionBase: Number(record!.version_base),
    defaultsVersion: record!.defaults_version === null ? null : Number(record!.defaults_version),
    server: record!.server,
    rows: documents!.rows.map(record => toRow(record as unknown as DocumentRecord)),
    unlocked: locked === undefined ? [] : refs.filter((_, i) => locked[i] !== true),
  }
}

/** The row lock, and the row. */
function one({ userId, kind }: DocumentRef, waits: boolean): [lock: Statement, read: Statement] {
  const values = [userId, kind]
  return [
    waits
      ? { name: 'lock-one-for-write', text: 'SELECT lock_one_for_write($1, $2)', values }
      : { name: 'try-lock-one', text: 'SELECT try_lock_one_for_write($1, $2) AS locked', values },
    {
      name: 'document-of-write',
      text: `SELECT ${DOCUMENT_COLUMNS} FROM documents WHERE user_id = $1 AND kind = $2`,
      values,
    },
  ]
}

function several(refs: readonly DocumentRef[], waits: boolean): [lock: Statement, read: Statement] {
  const values = columns(refs)
  return [
    waits
      ? { name: 'lock-for-write', text: 'SELECT lock_for_write($1::text[], $2::text[])', values }
      : {
          name: 'try-lock',
          text: 'SELECT try_lock_for_write($1::text[], $2::text[]) AS locked',
          values,
        },
    {
      name: 'documents-of-write',
      text: `SELECT ${DOCUMENT_COLUMNS} FROM documents
             JOIN unnest($1::text[], $2::text[]) AS wanted (user_id, kind) USING (user_id, kind)`,
      values,
    },
  ]
}
