import pg from 'pg'
import t, { type Test } from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { PostgresSequence } from '../../src/store/postgres-sequence.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'

/** Order numbers of many users at once, from a new database, whose view is OFF. */

const DAY = '20260106'
const USERS = 300

async function open(t: Test) {
  const pool = new pg.Pool({ connectionString: await createDatabase(t), max: 6 })
  // `end` does not wait for the connections, which the dropped database then ends.
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  const sequence = new PostgresSequence(pool, new Availability())
  const ways = {
    draw: async (userId: string) => (await sequence.draw({ userId, day: DAY }, 1))!.last,
    reserve: async (userId: string) => (await sequence.reserve({ userId, day: DAY }, 1, 0, 0)).first,
  }
  return { pool, ways: Object.entries(ways) }
}

const user = (n: number) => `user "${n}",\\`

t.test('many users share few transactions, and each has its own numbers', async t => {
  const { pool, ways } = await open(t)
  for (const [name, next] of ways) {
    await pool.query('TRUNCATE sequences')
    const { rows: before } = await pool.query('SELECT pg_current_xact_id()::text AS xid')
    const numbers = await Promise.all(Array.from({ length: USERS }, (_, n) => next(user(n))))
    const { rows: after } = await pool.query('SELECT pg_current_xact_id()::text AS xid')
    t.ok(
      numbers.every(number => number === 1),
      name,
    )
    t.ok(after[0].xid - before[0].xid < USERS / 10, `${name}: ${after[0].xid - before[0].xid} transactions`)
    const { rows } = await pool.query(
      'SELECT count(*)::int AS users, count(DISTINCT user_id)::int AS ids FROM sequences',
    )
    t.strictSame(rows, [{ users: USERS, ids: USERS }])
  }
})

t.test('draws of one user at once never share a number', async t => {
  const { ways } = await open(t)
  for (const [name, next] of ways) {
    const numbers = await Promise.all(Array.from({ length: USERS }, (_, n) => next(user(n % 3))))
    for (let who = 0; who < 3; who++) {
      const own = numbers.filter((_, n) => n % 3 === who)
      t.equal(new Set(own).size, own.length, name)
    }
  }
})

t.test('a row that a forgotten transaction holds delays nobody else', async t => {
  const { pool, ways } = await open(t)
  for (const [name, next] of ways) {
    const held = await next('held')
    const holder = await pool.connect()
    await holder.query('BEGIN')
    await holder.query(`SELECT FROM sequences WHERE user_id = 'held' FOR UPDATE`)
    let released = false
    const waits = [next('held'), next('held'), next('held')]
    const first = Promise.race(waits).then(() => released)
    // More than fit into one batch.
    await Promise.all(Array.from({ length: USERS }, (_, n) => next(user(n))))
    await eventually('they wait for the row', async () => {
      const { rows } = await pool.query(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows[0].waiting === waits.length
    })
    released = true
    await holder.query('ROLLBACK')
    holder.release()
    t.equal(await first, true, 'its own draws wait for it')
    const numbers = await Promise.all(waits)
    t.ok(
      numbers.every(number => number > held),
      name,
    )
  }
})

t.test('one that PostgreSQL refuses spoils nobody', async t => {
  const { pool, ways } = await open(t)
  await pool.query(
    `INSERT INTO sequences (user_id, day, high_water, block_size, reserved_at)
     VALUES ('full', $1, 9223372036854775807, 16, clock_timestamp())`,
    [DAY],
  )
  for (const [name, next] of ways) {
    const users = Array.from({ length: USERS }, (_, n) => (n % 50 === 49 ? 'full' : `${name}-${n}`))
    const outcomes = await Promise.allSettled(users.map(next))
    for (const [index, outcome] of outcomes.entries()) {
      if (users[index] === 'full') t.equal(outcome.status, 'rejected')
      else t.match(outcome, { status: 'fulfilled', value: 1 })
    }
  }
})
