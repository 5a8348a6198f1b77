import pg from 'pg'
import t from 'tap'
import { partitionOf, viewOfPartition } from '../../src/consistency/partitions.ts'
import { Availability } from '../../src/store/availability.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { drawNumbers, drawNumbersOfEach } from '../../src/store/statements/sequences.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { META } from './writing.ts'

const refOf = (userId: string) => ({ userId, kind: 'settings' })
const viewOf = (userId: string) => viewOfPartition(partitionOf(userId))
const [A, ALSO_A, B] = (() => {
  const users = Array.from({ length: 1_000 }, (_, i) => `user-${i}`)
  const [first, ...others] = users as [string, ...string[]]
  const isBeside = (user: string) => viewOf(user) === viewOf(first)
  return [first, others.find(isBeside)!, others.find(user => !isBeside(user))!] as const
})()
const IDENTITY = { runId: 'run', replicationId: 'replication' }
const DAY = '20260106'

t.test('the VIEW lock of a partition', async t => {
  const connectionString = await createDatabase(t)
  // What waits for a lock that a failed test has left ends all the same.
  const pool = new pg.Pool({ connectionString, max: 10, options: '-c lock_timeout=60s' })
  // What must wait for no lock at all: it is refused instead.
  const impatient = new pg.Pool({ connectionString, max: 4, options: '-c lock_timeout=5s' })
  t.teardown(() => Promise.all([pool.end(), impatient.end()]))
  const storeOn = (own: pg.Pool, view: number) =>
    new PostgresStore({
      pool: own,
      viewPool: own,
      viewTimeoutMs: 30_000,
      availability: new Availability(),
      view,
    })
  const single = storeOn(pool, 0)
  const ofA = storeOn(pool, viewOf(A))
  const ofB = storeOn(impatient, viewOf(B))
  await ofA.readView()
  const setViews = (epoch: number) =>
    pool.query(
      `UPDATE cache_view SET mode = CASE id WHEN 0 THEN 'OFF' ELSE 'ON' END, epoch = $1, drained = id = 0`,
      [epoch],
    )
  const wait = (count: number) =>
    eventually(`${count} wait for a lock`, async () => {
      const { rows } = await pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows.length === count
    })
  const change = (userId: string) => ({
    ref: refOf(userId),
    previous: 0,
    version: 1,
    data: '{}',
    changes: '[]',
    ...META,
  })

  t.test('a writer that hangs delays the OFF of its own partition, and nothing of another one', async t => {
    await setViews(20)
    const stuck = await ofA.beginWrite([refOf(A)], 'wait')
    t.teardown(() => stuck.rollback())
    const off = ofA.setOff(20, 'test')
    await wait(1)
    const behind = ofA.beginWrite([refOf(ALSO_A)], 'wait')
    await wait(2)

    t.match(await ofB.setOff(20, 'test'), { mode: 'OFF', epoch: 21 })
    await ofB.setDrained(21)
    t.equal(await ofB.newEpoch(21, 0), 22)
    const gate = await ofB.beginGate()
    t.match(gate, { view: { mode: 'OFF', epoch: 22, drained: true }, otherLayout: 'none' })
    await gate.setOn({ epoch: 22, database: gate.database, identity: IDENTITY }, 1_000)
    await gate.commit()
    const written = await ofB.beginWrite([refOf(B)], 'wait')
    t.match(written.view, { mode: 'ON', epoch: 22 })
    await written.applyAndCommit([change(B)])
    const batch = await ofB.beginWrite([refOf(B)], 'skip')
    t.strictSame(batch.unlocked, [])
    await batch.rollback()

    await wait(2)
    await stuck.rollback()
    t.match(await off, { mode: 'OFF', epoch: 21 })
    const begun = await behind
    t.match(begun.view, { mode: 'OFF', epoch: 21 }, 'a writer that waited sees the OFF')
    await begun.rollback()
  })

  t.test('a gate waits for writers of its users, of a single Redis as well', async t => {
    for (const [store, users] of [
      [ofA, [A]],
      [single, [A]],
      [single, [A, B]],
      [single, [B, ALSO_A]],
    ] as const) {
      for (const rowLocks of ['wait', 'skip'] as const) {
        const writer = await store.beginWrite(users.map(refOf), rowLocks)
        const opening = ofA.beginGate()
        await wait(1)
        await writer.rollback()
        const gate = await opening
        t.match(gate.view, { mode: 'OFF', epoch: 21 })
        await gate.rollback()
      }
    }
    const other = await single.beginWrite([refOf(B)], 'wait')
    await (await ofA.beginGate()).rollback()
    await other.rollback()
  })

  t.test('what concerns all views waits for writers and gates of each, and all wait for it', async t => {
    const { database } = await ofA.readView()
    const whole: Record<string, () => Promise<unknown>> = {
      'a gate of a single Redis': async () => (await single.beginGate()).rollback(),
      'an OFF of a single Redis': () => single.setOff(1, 'test'),
      'a new epoch of a single Redis': () => single.newEpoch(1, 0),
      'the OFF of a single Redis by a cluster': () => ofA.setOtherLayoutOff(),
      'the OFF of a cluster by a single Redis': () => single.setOtherLayoutOff(),
      'another incarnation': () => ofA.beginIncarnation(`not ${database}`, 'test', 0),
      'an edit by hand': () => pool.query(`UPDATE documents SET data = '{"a":1}'`),
    }
    for (const [name, work] of Object.entries(whole)) {
      for (const hold of [() => ofA.beginWrite([refOf(A)], 'wait'), () => ofA.beginGate()]) {
        const held = await hold()
        const done = work()
        await wait(1)
        const writer = storeOn(pool, viewOf(B)).beginWrite([refOf(B)], 'wait')
        await wait(2)
        await held.rollback()
        await done
        await (await writer).rollback()
        t.pass(name)
      }
    }
  })

  t.test('numbers come from the database only where no gate is about to turn the view ON', async t => {
    await setViews(30)
    await pool.query(`UPDATE cache_view SET mode = 'OFF', drained = true WHERE id > 0`)
    const request = (userId: string) => ({ userId, day: DAY, wanted: 1 })
    const gate = await ofA.beginGate()
    t.teardown(() => gate.rollback())
    const one = drawNumbers(pool, request(A))
    await wait(1)
    const several = await drawNumbersOfEach(impatient, [A, B, ALSO_A].map(request))
    t.match(several, [undefined, { last: 1 }, undefined], 'draws of other partitions do not wait')
    await gate.setOn({ epoch: 30, database: gate.database, identity: IDENTITY }, 1_000)
    await gate.commit()
    t.equal(await one, null)
    t.match(await drawNumbersOfEach(impatient, [A, B].map(request)), [null, { last: 2 }])
  })

  t.test('an operator turns the cache off while others write and open gates', async t => {
    await setViews(40)
    const writers = [A, B].map(async user => {
      for (let i = 0; i < 20; i++) await (await single.beginWrite([A, B, user].map(refOf), 'wait')).rollback()
    })
    await pool.query(`SELECT turn_view_off(epoch, 'by-hand', id) FROM cache_view ORDER BY id`)
    await Promise.all(writers)
    const { rows } = await pool.query(`SELECT FROM cache_view WHERE mode = 'ON'`)
    t.equal(rows.length, 0)
  })
})
