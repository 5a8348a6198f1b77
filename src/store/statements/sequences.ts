import type { NumberBlock, SequenceDay } from '../../sequence/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import { textArray } from '../rows.ts'
import type { Queryable } from './documents.ts'

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
): Promise<NumberBlock> {
  const rows = await runReadCommitted<{ first_number: string; last_number: string }>(db, {
    name: 'reserve-block',
    text: 'SELECT first_number, last_number FROM reserve_block($1, $2, $3, $4, $5)',
    values: [userId, day, String(wanted), String(used), String(known)],
  })
  return { first: Number(rows[0]!.first_number), last: Number(rows[0]!.last_number) }
}

/** Draws numbers straight from the database; resolves to the last. Null while the view is ON. */
export async function drawNumbers(
  db: Queryable,
  userId: string,
  day: string,
  wanted: number,
): Promise<number | null> {
  const rows = await runReadCommitted<{ last: string | null }>(db, {
    name: 'draw-numbers',
    text: 'SELECT draw_numbers($1, $2, $3) AS last',
    values: [userId, day, String(wanted)],
  })
  const last = rows[0]?.last ?? null
  return last === null ? null : Number(last)
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
