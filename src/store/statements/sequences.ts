import type { ReservedBlock, SequenceDay, StoredDraw } from '../../sequence/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import { textArray } from '../rows.ts'
import type { Queryable } from './documents.ts'
import { SERVER } from './view.ts'

/** What decides where a block begins and how long it is. */
export interface BlockRequest {
  /** At least so many numbers. */
  readonly wanted: number
  /** The last number of the block that was used up, 0 = none was. */
  readonly used: number
  /** The last number of any block that Redis knows of, 0 = none. */
  readonly known: number
}

/** Reserves the next block of a user's day. */
export async function reserveBlock(
  db: Queryable,
  { userId, day }: SequenceDay,
  { wanted, used, known }: BlockRequest,
): Promise<ReservedBlock> {
  const rows = await runReadCommitted<{ first_number: string; last_number: string; server: string }>(db, {
    name: 'reserve-block',
    text: `SELECT first_number, last_number, ${SERVER} AS server FROM reserve_block($1, $2, $3, $4, $5)`,
    values: [userId, day, String(wanted), String(used), String(known)],
  })
  const [row] = rows
  return { first: Number(row!.first_number), last: Number(row!.last_number), server: row!.server }
}

/** Draws numbers straight from the database. Null while the view is ON. */
export async function drawNumbers(
  db: Queryable,
  userId: string,
  day: string,
  wanted: number,
): Promise<StoredDraw | null> {
  const rows = await runReadCommitted<{ last: string | null; server: string }>(db, {
    name: 'draw-numbers',
    text: `SELECT draw_numbers($1, $2, $3) AS last, ${SERVER} AS server`,
    values: [userId, day, String(wanted)],
  })
  const { last, server } = rows[0]!
  return last === null ? null : { last: Number(last), server }
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
    text: 'SELECT note_known_numbers($1::text[], $2::bigint[])',
    values: [textArray([...known.keys()]), textArray([...known.values()].map(String))],
  })
}
