import type { ClientBase } from 'pg'
import { refId } from '../../consistency/batch-reader.ts'
import type { DocumentRef, Row, SpeculativeChanges } from '../../consistency/document-rows.ts'
import type { RowLocks, WriteTransaction } from '../../consistency/store-port.ts'
import { type Answer, Batch, type Outcome, type Statement } from '../batch.ts'
import { BEGIN } from '../read-committed.ts'
import { columns, type DocumentRecord, SERVER, toRow, toView, type ViewRecord } from '../rows.ts'
import { applyChangesUnderLocks, DOCUMENT_COLUMNS, VERSION_COLUMNS } from './documents.ts'
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
export interface BegunWrite
  extends Pick<
    WriteTransaction,
    | 'view'
    | 'otherLayoutUsed'
    | 'rows'
    | 'outdated'
    | 'unlocked'
    | 'versionBase'
    | 'defaultsVersion'
    | 'server'
  > {
  /** What becomes of the speculative changes that were sent; undefined = none were. */
  readonly applying: Promise<Outcome> | undefined
}

interface WriteRecord extends ViewRecord {
  readonly other_layout_used: boolean
  readonly version_base: string
  readonly defaults_version: string | null
  readonly server: string
}

/**
 * BEGIN, VIEW lock shared and row locks, then the view and the rows that exist: four statements in one message, which
 * saves a write three round trips while it holds its locks. Each statement has a snapshot of its own, so that the
 * last two see what was committed before the locks were granted. Speculative changes
 * follow in the same message.
 */
export async function beginWrite(
  client: ClientBase,
  ofView: number,
  refs: readonly DocumentRef[],
  rowLocks: RowLocks,
  speculative?: SpeculativeChanges,
): Promise<BegunWrite> {
  const columnsRead = speculative === undefined ? DOCUMENT_COLUMNS : VERSION_COLUMNS
  const [lock, read] =
    refs.length === 1 ? one(refs[0]!, rowLocks, columnsRead) : several(refs, rowLocks, columnsRead)
  const statements = [BEGIN, lock, viewOfWrite(ofView), read]
  if (speculative === undefined) return begun(refs, await Batch.run(client, statements), rowLocks)
  const apply = applyChangesUnderLocks(speculative.changes)
  const { answers, ended } = await Batch.runAhead(client, [...statements, apply])
  try {
    return { ...begun(refs, answers, rowLocks, speculative.held), applying: ended }
  } catch (error) {
    // The connection is busy until then.
    await ended
    throw error
  }
}

function begun(
  refs: readonly DocumentRef[],
  [, locks, views, documents]: readonly Answer[],
  rowLocks: RowLocks,
  held?: readonly Row[],
): BegunWrite {
  const record = views!.rows[0] as unknown as WriteRecord | undefined
  const view = toView(record)
  const locked = rowLocks === 'wait' ? undefined : [locks!.rows[0]!.locked].flat()
  const read = documents!.rows.map(each => toRow(each as unknown as DocumentRecord))
  return {
    view,
    otherLayoutUsed: record!.other_layout_used,
    versionBase: Number(record!.version_base),
    defaultsVersion: record!.defaults_version === null ? null : Number(record!.defaults_version),
    server: record!.server,
    rows: held ?? read,
    outdated: held === undefined ? [] : outdatedOf(held, read),
    unlocked: locked === undefined ? [] : refs.filter((_, i) => locked[i] !== true),
    applying: undefined,
  }
}

/** The documents that are held and are of another version by now, or gone. */
function outdatedOf(held: readonly Row[], read: readonly Row[]): readonly DocumentRef[] {
  const current = new Map(read.map(row => [refId(row.ref), row]))
  const isOutdated = (row: Row) => {
    const now = current.get(refId(row.ref))
    return now?.version !== row.version || now.updatedAt !== row.updatedAt
  }
  return held.filter(isOutdated).map(({ ref }) => ref)
}

/** The row lock, and the row. */
function one(
  { userId, kind }: DocumentRef,
  rowLocks: RowLocks,
  columnsRead: string,
): [lock: Statement, read: Statement] {
  const values = [userId, kind]
  return [
    rowLocks === 'wait'
      ? { name: 'lock-one-for-write', text: 'SELECT lock_one_for_write($1, $2)', values }
      : { name: 'try-lock-one', text: 'SELECT try_lock_one_for_write($1, $2) AS locked', values },
    {
      name: nameOf('document-of-write', columnsRead),
      text: `SELECT ${columnsRead} FROM documents WHERE user_id = $1 AND kind = $2`,
      values,
    },
  ]
}

function several(
  refs: readonly DocumentRef[],
  rowLocks: RowLocks,
  columnsRead: string,
): [lock: Statement, read: Statement] {
  const values = columns(refs)
  return [
    rowLocks === 'wait'
      ? { name: 'lock-for-write', text: 'SELECT lock_for_write($1::text[], $2::text[])', values }
      : {
          name: 'try-lock',
          text: 'SELECT try_lock_for_write($1::text[], $2::text[]) AS locked',
          values,
        },
    {
      name: nameOf('documents-of-write', columnsRead),
      text: `SELECT ${columnsRead} FROM documents
             JOIN unnest($1::text[], $2::text[]) AS wanted (user_id, kind) USING (user_id, kind)`,
      values,
    },
  ]
}

function nameOf(statement: string, columnsRead: string): string {
  return columnsRead === VERSION_COLUMNS ? `${statement}-held` : statement
}
