import pg from 'pg'
import t from 'tap'
import { partitionOf, viewOfPartition } from '../../src/consistency/partitions.ts'
import { Availability } from '../../src/store/availability.ts'
import { PartitionViews } from '../../src/store/partition-views.ts'
import { PostgresHandover } from '../../src/store/postgres-handover.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { createDatabase } from '../helper/backends.ts'

const USERS = ['u', 'Ä ö', '@admin', ...Array.from({ length: 200 }, (_, i) => `user-${i}`)]

t.test('each partition of the users has a view of its own', async t => {
  const pool = new pg.Pool({ connectionString: await createDatabase(t), max: 3 })
  t.teardown(() => pool.end())
  const availability = new Availability()
  const viewsOf = (viewPool: pg.Pool) => new PartitionViews({ viewPool, viewTimeoutMs: 30_000, availability })
  const partitionViews = viewsOf(pool)
  const storeOf = (view: number) =>
    new PostgresStore({
      pool,
      viewPool: pool,
      viewTimeoutMs: 30_000,
      availability,
      view,
      ...(view > 0 && { partitionViews }),
    })
  const modes = async () => {
    const { rows } = await pool.query(`SELECT id FROM cache_view WHERE mode = 'ON' ORDER BY id`)
    return rows.map(({ id }) => id)
  }

  t.test('the database and the gateway divide the users alike', async t => {
    const { rows } = await pool.query('SELECT user_partition(u) AS p FROM unnest($1::text[]) AS u', [USERS])
    t.strictSame(
      rows.map(({ p }) => p),
      USERS.map(partitionOf),
    )
    t.ok(new Set(USERS.map(partitionOf)).size > 50)
  })

  t.test('the rows are made when a cluster is used first, and read in one statement', async t => {
    let statements = 0
    const counting = new Proxy(pool, {
      get: (target, name) => {
        if (name === 'query') statements++
        const member = Reflect.get(target, name, target)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const views = viewsOf(counting)
    const all = Array.from({ length: 64 }, (_, i) => i + 1)
    const first = await Promise.all(all.map(view => views.read(view)))
    t.ok(first.every(({ view }) => view.mode === 'OFF' && view.reason === 'view-row-missing'))
    statements = 0
    const second = await Promise.all(all.map(view => views.read(view)))
    t.equal(second.length, 64)
    t.equal(statements, 1)
    const early = views.read(1)
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    await pool.query(`UPDATE cache_view SET reason = 'later' WHERE id = 1`)
    const late = views.read(1)
    await early
    t.equal(
      (await late).view.reason,
      'later',
      'a read does not join a statement that was sent before it began',
    )
  })

  t.test('one statement that fails counts once, however many renewals wait for it', async t => {
    const failing = viewsOf({ query: () => Promise.reject(new Error('late')) } as unknown as pg.Pool)
    await Promise.allSettled(Array.from({ length: 64 }, (_, i) => failing.read(i + 1)))
    t.notOk(availability.down)
    await t.rejects(failing.read(1))
    t.ok(availability.down)
    await partitionViews.read(1)
    t.notOk(availability.down)
  })

  t.test('turned OFF, drained and ON by itself', async t => {
    await pool.query(`UPDATE cache_view SET mode = 'ON', epoch = 7`)
    const store = storeOf(5)
    t.match(await store.setOff(7, 'test'), { mode: 'OFF', epoch: 8, drained: false, reason: 'test' })
    await store.setDrained(8)
    t.match((await store.readView()).view, { mode: 'OFF', epoch: 8, drained: true })
    t.equal((await modes()).length, 64)
    t.equal(await store.newEpoch(8, 0), 9)
    t.equal((await storeOf(6).readView()).view.epoch, 7)
    await storeOf(6).raiseLease(5_000)
    t.equal((await storeOf(6).readView()).view.leaseMs, 5_000)
    t.equal((await storeOf(7).readView()).view.leaseMs, 0)
  })

  t.test('an edit by hand turns OFF the views that may hold the user, and no other', async t => {
    await pool.query(`UPDATE cache_view SET mode = 'ON', drained = false`)
    await pool.query(
      `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
       VALUES ('u', 'settings', 1, '{}', now(), 'x', pg_current_xact_id())`,
    )
    const on = await modes()
    t.equal(on.length, 63)
    t.notOk(on.includes(0))
    t.notOk(on.includes(viewOfPartition(partitionOf('u'))))
  })

  t.test('another incarnation of the database turns OFF all', async t => {
    await pool.query(`UPDATE cache_view SET mode = 'ON', drained = false`)
    await pool.query(`UPDATE database_incarnation SET id = '0123456789ab-1-01234567'`)
    await storeOf(3).beginIncarnation('0123456789ab-1-01234567', 'test', 0)
    t.strictSame(await modes(), [])
  })

  t.test('a request is handed over to an instance of the same view', async t => {
    const [own, other] = [new PostgresHandover(pool, 3), new PostgresHandover(pool, 4)]
    await own.ask(9, [{ id: 'a', kind: 'fence', request: {} }])
    t.equal((await storeOf(3).readView()).handoversWait, true)
    t.equal((await storeOf(4).readView()).handoversWait, false)
    t.strictSame(await other.take(9, 10), [])
    t.equal((await own.take(9, 10)).length, 1)
  })
})
