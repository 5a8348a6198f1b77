import type { NumberBlock } from '../../sequence/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

/** Reserves the next block of a user's day, of at least `wanted` numbers; `used` is the end of the one used up. */
export async function reserveBlock(
  db: Queryable,
  userId: string,
  day: string,
  wanted: number,
  used: number,
): Promise<NumberBlock> {
  const rows = await runReadCommitted<{ first_number: string; last_number: string }>(db, {
    name: 'reserve-block',
    text: 'SELECT first_number, last_number FROM reserve_block($1, $2, $3, $4)',
    values: [userId, day, String(wanted), String(used)],
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
    text: 'SELECT high_water FROM sequences WHERE user_id = $1 AND day = $2',
    values: [userId, day],
  })
  return Number(rows[0]?.high_water ?? 0)
}
