import t from 'tap'
import type { Row } from '../../src/consistency/document-rows.ts'
import { RecentRows } from '../../src/consistency/recent-rows.ts'
import { Speculation } from '../../src/consistency/speculation.ts'
import { Speculations } from '../../src/consistency/speculations.ts'
import type { WriteTransaction } from '../../src/consistency/store-port.ts'
import type { WriteJob } from '../../src/consistency/write-batches.ts'
import { clockByHand } from '../helper/clock.ts'
import { SOUND } from '../simulation/build.ts'
import { dataOf } from '../simulation/documents.ts'
import { override } from '../simulation/override.ts'
import { World } from '../simulation/world.ts'
import { writerBeside } from './writer-beside.ts'

const META = { updatedBy: 'test', reason: 'put' }
const REF = { userId: 'u', kind: 'settings' }
const row = (version: number, data: string | null = '{}', ref = REF): Row => ({
  ref,
  version,
  updatedAt: '2026-01-06T12:00:00.000Z',
  data,
})

/** A writer whose transactions are noted, and one of another instance, over the stores of the simulation. */
async function twoWriters() {
  const world = new World(1, SOUND, 0)
  const { timeline, gateways, postgres } = world
  const [{ process, store, cache, protocol }, other] = gateways.all as [
    (typeof gateways.all)[0],
    (typeof gateways.all)[0],
  ]
  await timeline.run(30_000, () => protocol.lease.current() !== undefined)
  /** Of each transaction: whether its changes were sent ahead. */
  const ahead: boolean[] = []
  const noting = override(store, {
    beginWrite: (...args) => {
      ahead.push(args[2] !== undefined)
      return store.beginWrite(...args)
    },
  })
  const writer = writerBeside(world, { process, store: noting, cache })
  const ref = world.refs[0]!
  /** Writes, and resolves to the version, or rejects with what `decide` throws. */
  const write = async (by: typeof writer, value: string, decide = () => dataOf(value)) => {
    let settled = false
    const writing = by
      .write([ref], () => ({ result: value, changes: [{ ref, data: decide(), changes: '[]' }] }), META)
      .finally(() => {
        settled = true
      })
    writing.catch(() => {})
    await timeline.run(timeline.now + 30_000, () => settled)
    return (await writing).rows[0]!.version
  }
  const pass = (ms: number) => timeline.run(timeline.now + ms, () => false)
  const stored = () => postgres.rows([ref])[0]
  return { write, writer, others: other.protocol.writer, ahead, stored, pass, world }
}

t.test('the next write of a document is sent ahead, until somebody else has changed it', async t => {
  const { write, writer, others, ahead, stored, pass } = await twoWriters()
  t.equal(await write(writer, 'a'), 1)
  t.equal(await write(writer, 'b'), 2)
  t.strictSame(ahead.splice(0), [false, true])
  t.equal(await write(others, 'c'), 3)
  t.equal(await write(writer, 'd'), 4)
  t.strictSame(ahead.splice(0), [true, false], 'it begins again with the row of the database')
  t.equal(stored()?.data, dataOf('d'))
  t.equal(await write(writer, 'e'), 5)
  t.strictSame(ahead.splice(0), [false], 'another instance may write it again')
  await pass(10_500)
  t.equal(await write(writer, 'f'), 6)
  t.equal(await write(writer, 'g'), 7)
  t.strictSame(ahead.splice(0), [false, true])
  t.equal(stored()?.data, dataOf('g'))
})

t.test('what a write says of a row that may be old is not believed', async t => {
  const { write, writer, ahead } = await twoWriters()
  await write(writer, 'a')
  let calls = 0
  const once = () => {
    if (++calls === 1) throw new Error('it looks wrong')
    return dataOf('b')
  }
  t.equal(await write(writer, 'b', once), 2)
  t.equal(calls, 2)
  const never = () => {
    throw new Error('it is wrong')
  }
  await t.rejects(write(writer, 'c', never), { message: 'it is wrong' })
  t.strictSame(ahead, [false, false, false], 'nothing is sent ahead')
})

/** A job that changes its document. */
function jobOf(over: Partial<WriteJob> = {}): WriteJob {
  return {
    refs: [REF],
    decide: () => ({ result: 1, changes: [{ ref: REF, data: '{"a":1}', changes: '[]' }] }),
    meta: META,
    prepare: undefined,
    leavesNewCold: false,
    resolve: () => t.fail('settled'),
    reject: () => t.fail('settled'),
    ...over,
  }
}
const BASIS = { versionBase: 5, defaultsVersion: 3, server: 'one' }

t.test('a plan is made of all jobs, or not at all, and settles none', async t => {
  const plan = (...jobs: WriteJob[]) => Speculation.of(jobs, [row(2)], BASIS)?.changes
  t.match(plan(jobOf()), [{ ref: REF, previous: 2, version: 5, data: '{"a":1}', ...META }])
  t.equal(plan(jobOf(), jobOf({ decide: () => ({ result: 1, changes: [] }) })), undefined)
  const fails = jobOf({
    decide: () => {
      throw new Error('no')
    },
  })
  t.equal(plan(jobOf(), fails), undefined)
})

t.test('a plan is no larger than what is planned at once, however small the rows were', async t => {
  const data = JSON.stringify('x'.repeat(50_000))
  const refs = Array.from({ length: 6 }, (_, i) => ({ ...REF, userId: `user ${i}` }))
  const jobs = refs.map(ref =>
    jobOf({ refs: [ref], decide: () => ({ result: 1, changes: [{ ref, data, changes: '[]' }] }) }),
  )
  const held = refs.map(ref => row(2, '{}', ref))
  const plan = (count: number) =>
    Speculation.of(jobs.slice(0, count), held.slice(0, count), BASIS)?.changes.length
  t.equal(plan(5), 5)
  t.equal(plan(6), undefined)
})

t.test('no plan while something has to be read first, whatever becomes of that', async t => {
  const asked: (number | null)[] = []
  const prepare = (version: number | null) => {
    asked.push(version)
    return version === 3 ? undefined : Promise.reject(new Error('away'))
  }
  t.ok(Speculation.of([jobOf({ prepare })], [row(2)], BASIS))
  t.equal(Speculation.of([jobOf({ prepare })], [row(2)], { ...BASIS, defaultsVersion: 4 }), undefined)
  t.strictSame(asked, [3, 4])
})

t.test('a plan holds only for what it was made from', async t => {
  const speculation = Speculation.of([jobOf()], [row(2)], BASIS)!
  const seen = { ...BASIS, outdated: [], unlocked: [] }
  const holds = (over: object) => speculation.holds({ ...seen, ...over } as unknown as WriteTransaction)
  t.equal(holds({}), true)
  for (const other of [
    { outdated: [REF] },
    { unlocked: [REF] },
    { versionBase: 6 },
    { defaultsVersion: null },
    { server: 'two' },
  ])
    t.equal(holds(other), false, JSON.stringify(other))
})

t.test('so much is planned ahead as takes some milliseconds', async t => {
  const speculations = new Speculations(new RecentRows(clockByHand()))
  const refs = Array.from({ length: 6 }, (_, i) => ({ ...REF, userId: `user ${i}` }))
  const rows = refs.map(ref => row(1, JSON.stringify('x'.repeat(50_000)), ref))
  const seen = { ...BASIS, outdated: [], unlocked: [] } as unknown as WriteTransaction
  t.equal(speculations.of([jobOf()], refs.slice(0, 1)), undefined, 'nothing is known')
  speculations.learn(seen, [], rows)
  t.match(speculations.of([jobOf()], refs.slice(0, 5)), { held: rows.slice(0, 5) })
  t.equal(speculations.of([jobOf()], refs), undefined)
  speculations.outdated({ ...seen, outdated: [refs[0]!] })
  t.equal(speculations.of([jobOf()], refs.slice(0, 1)), undefined)
})

t.test('what an import stores is not remembered', async t => {
  const recent = new RecentRows(clockByHand())
  const speculations = new Speculations(recent)
  const seen = { ...BASIS, outdated: [], unlocked: [] } as unknown as WriteTransaction
  const job = jobOf({ leavesNewCold: true })
  speculations.learn(seen, [], [row(1)])
  t.ok(speculations.of([jobOf()], [REF]))
  t.equal(speculations.of([jobOf(), job], [REF]), undefined, 'nor planned ahead')
  speculations.learn(seen, [{ job, result: 1, changes: [] }], [row(2)])
  t.equal(recent.find([REF]), undefined, 'what was known of it is old')
})

t.test('a plan that does not hold tells what the next one is made from', async t => {
  const speculations = new Speculations(new RecentRows(clockByHand()))
  const seen = { ...BASIS, outdated: [], unlocked: [] } as unknown as WriteTransaction
  speculations.learn(seen, [], [row(1)])
  const now = { ...seen, defaultsVersion: 4 }
  t.equal(speculations.of([jobOf()], [REF])?.holds(now), false)
  speculations.outdated(now)
  t.equal(speculations.of([jobOf()], [REF])?.holds(now), true)
})

t.test('recent rows are bounded in size, the oldest go first', async t => {
  const rows = new RecentRows(clockByHand())
  const refOf = (i: number) => ({ ...REF, userId: `user ${i}` })
  const data = JSON.stringify('x'.repeat(60_000))
  for (let i = 0; i < 40; i++) rows.keep(row(1, data, refOf(i)))
  t.equal(rows.find([refOf(0)]), undefined)
  t.match(rows.find([refOf(39), refOf(20)]), [{ ref: refOf(39) }, { ref: refOf(20) }])
  t.equal(rows.find([refOf(39), refOf(0)]), undefined, 'all or none')
  const kept = Array.from({ length: 40 }, (_, i) => i).filter(i => rows.find([refOf(i)]) !== undefined)
  t.equal(kept.length, 34, 'of 2 MiB')
})

t.test('no large row is kept, and no deleted one', async t => {
  const rows = new RecentRows(clockByHand())
  for (const data of [null, JSON.stringify('x'.repeat(70_000))]) {
    rows.keep(row(1))
    t.ok(rows.find([REF]))
    rows.keep(row(2, data))
    t.equal(rows.find([REF]), undefined)
  }
})
