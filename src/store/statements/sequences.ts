import type { ReservedBlock, SequenceDay, StoredDraw } from '../../sequence/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import { SERVER } from '../rows.ts'
import type { Queryable } from './documents.ts'

/** What decides where a block begins and how long it is. */
export interface BlockRequest extends SequenceDay {
  /** At least so many numbers. */
  readonly wanted: number
  /** The last number of the block that was used up, 0 = none was. */
  readonly used: number
  /** The last number of any block that Redis knows of, 0 = none. */
  readonly known: number
}

export interface DrawRequest extends SequenceDay {
  readonly wanted: number
}

/**
 * The requests $1 (users) and $2 (days), with `place`, in their order, and more columns. `takeable`: no other transaction holds the
 * row, so that nothing waits for it, and `condition` is met. A row that is new waits only for another one that inserts it: callers
 * sort their requests, so that no two wait for one another.
 */
const takeable = (numbers: readonly string[], condition = 'true') => `
  WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::text[], ${numbers.map((_, i) => `$${i + 3}::text[]::bigint[]`).join(', ')})
      WITH ORDINALITY AS w (user_id, day, ${numbers.join(', ')}, place)
  ), free AS MATERIALIZED (
    SELECT s.user_id, s.day FROM sequences AS s JOIN wanted USING (user_id, day) FOR UPDATE OF s SKIP LOCKED
  ), asked AS MATERIALIZED (
    SELECT w.*, ((w.user_id, w.day) IN (SELECT * FROM free)
                 OR NOT EXISTS (SELECT FROM sequences AS s WHERE s.user_id = w.user_id AND s.day = w.day))
                AND ${condition} AS takeable
    FROM wanted AS w ORDER BY place
  )`

/** SQL: the lock that draw_numbers takes of the user's partition can be had at once, and is held from now on. */
const HAS_PARTITION_LOCK = 'pg_try_advisory_xact_lock_shared(7215, 101 + user_partition(w.user_id))'

/** Reserves the next block of a user's day. Waits for a row that another transaction holds. */
export async function reserveBlock(
  db: Queryable,
  { userId, day, wanted, used, known }: BlockRequest,
): Promise<ReservedBlock> {
  const rows = await runReadCommitted<BlockRow>(db, {
    name: 'reserve-block',
    text: `SELECT first_number, last_number, ${SERVER} AS server FROM reserve_block($1, $2, $3, $4, $5)`,
    values: [userId, day, String(wanted), String(used), String(known)],
  })
  return blockOf(rows[0]!)
}

/** Reserves the next block of each, in one transaction. Undefined for those whose row another transaction holds. */
export async function reserveBlocks(
  db: Queryable,
  requests: readonly BlockRequest[],
): Promise<readonly (ReservedBlock | undefined)[]> {
  const of = (field: 'wanted' | 'used' | 'known') => requests.map(each => String(each[field]))
  const rows = await runReadCommitted<BlockRow & { place: string }>(db, {
    name: 'reserve-blocks',
    // OFFSET 0 keeps the condition inside: the function must not run for a row that is not takeable.
    text: `${takeable(['wanted', 'used', 'known'])}
           SELECT place, first_number, last_number, ${SERVER} AS server
           FROM asked AS a, LATERAL (
             SELECT * FROM reserve_block(a.user_id, a.day, a.wanted::integer, a.used, a.known)
             WHERE a.takeable OFFSET 0
           ) AS block`,
    values: [...daysOf(requests), of('wanted'), of('used'), of('known')],
  })
  return placed(requests, rows, blockOf)
}

/** Draws numbers straight from the database. Null while the view is ON. Waits for a row that another transaction holds. */
export async function drawNumbers(
  db: Queryable,
  { userId, day, wanted }: DrawRequest,
): Promise<StoredDraw | null> {
  const rows = await runReadCommitted<DrawRow>(db, {
    name: 'draw-numbers',
    text: `SELECT draw_numbers($1, $2, $3) AS last, ${SERVER} AS server`,
    values: [userId, day, String(wanted)],
  })
  return drawOf(rows[0]!)
}

/** The same for each, in one transaction. Undefined for those whose row another transaction holds, or whose partition a gate. */
export async function drawNumbersOfEach(
  db: Queryable,
  requests: readonly DrawRequest[],
): Promise<readonly (StoredDraw | null | undefined)[]> {
  const [users, days] = daysOf(requests)
  const draw = {
    name: 'draw-numbers-of-each',
    text: `${takeable(['wanted'], HAS_PARTITION_LOCK)}
           SELECT place, draw_numbers(user_id, day, wanted::integer) AS last, ${SERVER} AS server
           FROM asked WHERE takeable ORDER BY place`,
    values: [users, days, requests.map(({ wanted }) => String(wanted))],
  }
  // Before any row is locked: one that waits here must hold no row that another draw waits for.
  const locks = { name: 'lock-view-shared', text: 'SELECT lock_view_shared()', values: [] }
  const rows = await runReadCommitted<DrawRow & { place: string }>(db, draw, locks)
  return placed(requests, rows, drawOf)
}

interface BlockRow {
  readonly first_number: string
  readonly last_number: string
  readonly server: string
}

interface DrawRow {
  readonly last: string | null
  readonly server: string
}

function blockOf(row: BlockRow): ReservedBlock {
  return { first: Number(row.first_number), last: Number(row.last_number), server: row.server }
}

function drawOf({ last, server }: DrawRow): StoredDraw | null {
  return last === null ? null : { last: Number(last), server }
}

function daysOf(requests: readonly SequenceDay[]): [users: string[], days: string[]] {
  return [requests.map(({ userId }) => userId), requests.map(({ day }) => day)]
}

/** In the order of the requests; places count from 1. */
function placed<Row extends { readonly place: string }, T>(
  requests: readonly unknown[],
  rows: readonly Row[],
  read: (row: Row) => T,
): readonly (T | undefined)[] {
  const byPlace = new Map(rows.map(row => [Number(row.place), read(row)]))
  return requests.map((_, index) => byPlace.get(index + 1))
}

/** The high-water mark of a user's day: no number above it was handed out. 0 when there is none. */
export async function selectHighWater(db: Queryable, userId: string, day: string): Promise<number> {
  const { rows } = await db.query<{ high_water: string }>({
    name: 'select-high-water',
    text: `SELECT greatest((SELECT high_water FROM sequences WHERE user_id = $1 AND day = $2),
                           sequence_floor($2)) AS high_water`,
    values: [userId, day],
  })
  return Number(rows[0]?.high_water ?? 0)
}

/** The highest number of any user by day, as Redis knows it: no number up to it is drawn any more. */
export async function noteKnownNumbers(db: Queryable, known: ReadonlyMap<string, number>): Promise<void> {
  await runReadCommitted(db, {
    name: 'note-known-numbers',
    text: 'SELECT note_known_numbers($1::text[], $2::text[]::bigint[])',
    values: [[...known.keys()], [...known.values()].map(String)],
  })
}
