import pg from 'pg'
import t, { type Test } from 'tap'
import { reserveBlock } from '../../src/store/statements/sequences.ts'
import { createDatabase } from '../helper/backends.ts'

const DAY = '20260106'
const NOW = Date.parse('2026-01-06T12:00:00.000Z')
/** The clock goes on by so much each time it is looked at within one statement. */
const TICK_MS = 100

/**
 * A connection whose clock is the test's: functions of these names stand in front of those of PostgreSQL. As there,
 * statement_timestamp() stands still during a statement and clock_timestamp() does not.
 */
async function connect(t: Test): Promise<pg.Client> {
  const client = new pg.Client(await createDatabase(t))
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`
    CREATE SCHEMA clock;
    CREATE SEQUENCE clock.looks;
    CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
      $$ SELECT to_timestamp(${NOW / 1_000}) $$;
    CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
      $$ SELECT clock.statement_timestamp() + nextval('clock.looks') * interval '${TICK_MS} milliseconds' $$;
    SET search_path = clock, public, pg_catalog`)
  return client
}

function reserve(client: pg.Client, wanted: number, used: number, known = used) {
  return reserveBlock(client, { userId: 'u', day: DAY, wanted, used, known })
}

/** The block before ended at `last`, was `size` long and was reserved so long ago. */
async function blockBefore(client: pg.Client, userId: string, last: number, size: number, ageMs: number) {
  await client.query(
    `INSERT INTO sequences (user_id, day, high_water, block_size, reserved_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (user_id, day) DO UPDATE SET high_water = $3, block_size = $4, reserved_at = $5`,
    [userId, DAY, last, size, new Date(NOW - ageMs)],
  )
  await client.query('ALTER SEQUENCE clock.looks RESTART')
}

t.test('a block begins behind the one before, whatever the clock does meanwhile', async t => {
  const client = await connect(t)
  // The ages at which blocks become larger or smaller.
  for (const edge of [2_000, 8_000]) {
    for (let age = edge + TICK_MS / 2; age > edge - 10 * TICK_MS; age -= TICK_MS / 2) {
      await blockBefore(client, 'u', 1_000, 64, age)
      t.match(await reserve(client, 1, 1_000), { first: 1_001 }, `${age} ms after it`)
    }
  }
})

t.test('blocks grow when they are used up soon, shrink when they last, and are never too small', async t => {
  const client = await connect(t)
  t.match(await reserve(client, 1, 0), { first: 1, last: 16 }, 'the first of the day')
  const next = async (size: number, age: number, { used = 1_000, wanted = 1 } = {}) => {
    await blockBefore(client, 'u', 1_000, size, age)
    const { first, last } = await reserve(client, wanted, used)
    t.equal(first, 1_001)
    return last - first + 1
  }
  t.equal(await next(64, 1_000), 128, 'used up')
  t.equal(await next(64, 1_000, { used: 0 }), 64, 'a new V is no demand')
  t.equal(await next(64, 1_000, { used: 900 }), 64, 'nor is one who was late')
  t.equal(await next(64, 5_000), 64)
  t.equal(await next(64, 9_000), 32)
  t.equal(await next(16, 9_000), 16, 'no smaller')
  t.equal(await next(16_384, 1_000), 16_384, 'no larger')
  t.equal(await next(64, 9_000, { wanted: 1_000 }), 1_000, 'as many as are wanted')
})

t.test('a block begins above the last one that Redis knows, and above the floor of the day', async t => {
  const client = await connect(t)
  t.match(await reserve(client, 1, 0, 500), { first: 501, last: 516 }, 'without a row')
  t.match(await reserve(client, 1, 600, 600), { first: 601 }, 'the row is older')
  t.match(await reserve(client, 1, 0, 20), { first: 617 })
  await client.query('INSERT INTO sequence_floors (day, floor) VALUES ($1, 1000)', [DAY])
  t.match(await reserve(client, 1, 0), { first: 1_001, last: 1_016 })
  t.match(await reserve(client, 1, 1_016), { first: 1_017 })
  const { rows } = await client.query('SELECT draw_numbers($1, $2, 5) AS last', ['w', DAY])
  t.equal(rows[0].last, '1005', 'without a row')
})
