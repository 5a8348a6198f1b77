import type { DocumentRef, Row } from '../../src/consistency/document-rows.ts'
import { selectDocuments } from '../../src/store/statements/documents.ts'
import { PLAIN_CODEC } from '../helper/plain-names.ts'
import type { CachedKey, OnPeriod, StoredVersion } from './history.ts'
import { marksOf } from './marks.ts'
import type { Stack } from './stack.ts'

/** Both clocks are those of this machine; the server's moments are this much apart from ours at most. */
const CLOCK_SLACK_MS = 20

/** Writes down every change of the view from now on, whoever makes it: `ALWAYS` is for edits past the triggers. */
export async function watchView(stack: Stack): Promise<void> {
  await stack.sql(client =>
    client.query(`
      CREATE TABLE chaos_view (
        id bigserial, view integer NOT NULL, mode text NOT NULL, reason text, at timestamptz NOT NULL);
      CREATE FUNCTION chaos_note_view() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO chaos_view (view, mode, reason, at) VALUES (NEW.id, NEW.mode, NEW.reason, clock_timestamp());
        RETURN NULL;
      END $$;
      CREATE TRIGGER chaos_view AFTER INSERT OR UPDATE ON cache_view
        FOR EACH ROW EXECUTE FUNCTION chaos_note_view();
      ALTER TABLE cache_view ENABLE ALWAYS TRIGGER chaos_view;
      INSERT INTO chaos_view (view, mode, at) SELECT id, mode, clock_timestamp() FROM cache_view`),
  )
}

/** When each view was ON without a break; what lies within the slack of a change counts to no period. */
export async function readOnPeriods(stack: Stack): Promise<OnPeriod[]> {
  const { rows } = await stack.sql(client =>
    client.query<ViewChange>('SELECT view, mode, at FROM chaos_view ORDER BY id'),
  )
  const views = new Set(rows.map(({ view }) => view))
  return [...views].flatMap(view => onPeriodsOf(view, rows))
}

/** What became of the views behind the change `after`, one text each, and the last change. */
export async function readViewChanges(
  stack: Stack,
  after: string,
): Promise<{ readonly last: string; readonly texts: readonly string[] }> {
  const { rows } = await stack.sql(client =>
    client.query<{ id: string; text: string }>(
      `SELECT id, concat('view ', view, ' ', mode, ' ', reason, ' at ', to_char(at, 'HH24:MI:SS.MS')) AS text
       FROM chaos_view WHERE id > $1 ORDER BY id`,
      [after],
    ),
  )
  return { last: rows.at(-1)?.id ?? after, texts: rows.map(({ text }) => text) }
}

interface ViewChange {
  readonly view: number
  readonly mode: string
  readonly at: Date
}

function onPeriodsOf(view: number, changes: readonly ViewChange[]): OnPeriod[] {
  const periods: OnPeriod[] = []
  let since: number | undefined
  for (const { mode, at } of changes.filter(change => change.view === view)) {
    const moment = onOurClock(at)
    if (mode === 'ON') since ??= moment + CLOCK_SLACK_MS
    else if (since !== undefined) {
      if (moment - CLOCK_SLACK_MS > since) periods.push({ view, start: since, end: moment - CLOCK_SLACK_MS })
      since = undefined
    }
  }
  return since === undefined ? periods : [...periods, { view, start: since, end: Number.POSITIVE_INFINITY }]
}

/** The whole history table of the users, in the order of versions. */
export async function readStored(stack: Stack): Promise<StoredVersion[]> {
  const { rows } = await stack.sql(client =>
    client.query<
      { user_id: string; kind: string; version: string; data: Record<string, unknown> | null } & Record<
        'updated_by' | 'reason',
        string
      > & { updated_at: Date }
    >(
      `SELECT user_id, kind, version, data, updated_by, reason, updated_at
       FROM document_history WHERE user_id <> '@admin' ORDER BY version`,
    ),
  )
  return rows.map(row => ({
    user: row.user_id,
    kind: row.kind,
    version: Number(row.version),
    marks: marksOf(row.kind, '', row.data),
    updatedBy: row.updated_by,
    reason: row.reason,
    at: onOurClock(row.updated_at),
  }))
}

/** Documents that the users have. */
export async function readRows(stack: Stack): Promise<readonly Row[]> {
  return stack.sql(async client => {
    const { rows } = await client.query<{ user_id: string; kind: string }>(
      `SELECT user_id, kind FROM documents WHERE data IS NOT NULL AND user_id <> '@admin'`,
    )
    const refs = rows.map((row): DocumentRef => ({ userId: row.user_id, kind: row.kind }))
    return (await selectDocuments(client, 0, refs)).rows
  })
}

/** Every key of every row: what Redis holds against what the row stands for. */
export async function compareCache(stack: Stack): Promise<CachedKey[]> {
  const byUser = new Map<string, Omit<CachedKey, 'cached'>[]>()
  for (const row of await readRows(stack)) {
    const values = PLAIN_CODEC.encode(row)
    const keys = PLAIN_CODEC.keys(row.ref).map((key, index) => ({
      key: stack.prefixOf(row.ref.userId) + key,
      expected: String(values[index]),
    }))
    byUser.set(row.ref.userId, [...(byUser.get(row.ref.userId) ?? []), ...keys])
  }
  const compared: CachedKey[] = []
  for (const expected of byUser.values()) {
    const keys = expected.map(({ key }) => key)
    const cached = await (stack.cluster?.readKeys(keys) ?? stack.command(client => client.mget(keys)))
    compared.push(...expected.map((each, index) => ({ ...each, cached: cached[index] ?? null })))
  }
  return compared
}

/** Numbers that the database gave out or reserved, all users and days together. */
export async function reservedNumbers(stack: Stack): Promise<number> {
  const { rows } = await stack.sql(client =>
    client.query<{ sum: string | null }>('SELECT sum(high_water) FROM sequences'),
  )
  return Number(rows[0]?.sum ?? 0)
}

/** A moment of the wall clock on the clock of the operations. */
function onOurClock(moment: Date): number {
  return moment.getTime() - performance.timeOrigin
}
