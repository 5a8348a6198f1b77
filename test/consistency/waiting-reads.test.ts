import t from 'tap'
import { BatchReader, VERSIONS, WHOLE_ROWS } from '../../src/consistency/batch-reader.ts'
import { Deadlines } from '../../src/consistency/deadlines.ts'
import type { DocumentRef, HeldVersion, Row } from '../../src/consistency/document-rows.ts'
import { ReadQueue } from '../../src/consistency/read-queue.ts'
import { type ChangedRows, DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import { WaitLimit } from '../../src/consistency/wait-limit.ts'
import { WriteQueue, WriteQueueFullError } from '../../src/consistency/write-queue.ts'
import { clockByHand } from '../helper/clock.ts'

/** Reads and writes that wait: how many, how long, and in whose turn. */

/** A database that answers when it is told to. */
function databaseByHand() {
  const statements: {
    refs: readonly DocumentRef[]
    held: readonly (HeldVersion | undefined)[]
    answer: (...rows: Row[]) => void
  }[] = []
  return {
    statements,
    readChangedRows: (refs: readonly DocumentRef[], held: readonly (HeldVersion | undefined)[]) =>
      new Promise<ChangedRows>(resolve => {
        statements.push({
          refs,
          held,
          answer: (...rows) => resolve({ rows, epoch: null, database: '', server: '', oldestXid: 1n }),
        })
      }),
  }
}

const ref = (userId: string, kind = 'settings') => ({ userId, kind })
const turn = () => new Promise(resolve => setImmediate(resolve))

function reader(limits = WHOLE_ROWS) {
  const clock = clockByHand()
  const database = databaseByHand()
  const batch = new BatchReader({ store: database as never, clock, readWaitMs: 3_000 }, limits)
  return { clock, database, batch }
}

t.test('a database that does not answer: every read is told after its wait, whether sent or not', async t => {
  const { clock, database, batch } = reader()
  const reads = Array.from({ length: 1_000 }, (_, i) => batch.read([ref(`user-${i}`)]))
  const outcomes = Promise.allSettled(reads)
  await clock.pass(3_500)
  for (const outcome of await outcomes)
    t.match(outcome, { status: 'rejected', reason: DatabaseUnavailableError })
  t.equal(database.statements.length, 4, 'no statement for those who gave up')
  for (const { answer } of database.statements) answer()
  await turn()
  t.equal(database.statements.length, 4)
  const later = batch.read([ref('42')])
  await turn()
  database.statements[4]!.answer()
  t.match(await later, { epoch: null }, 'and it goes on')
  await clock.pass(500)
  t.equal(clock.sleepers(), 0, 'no timer is left')
})

t.test('users take turns: a flood of one delays nobody else', async t => {
  const { database, batch } = reader()
  const all = Array.from({ length: 900 }, (_, i) => batch.read([ref('flood', `kind-${i}`)]))
  await turn()
  t.equal(database.statements.length, 4)
  const other = batch.read([ref('42')])
  database.statements[0]!.answer()
  await turn()
  const next = database.statements[4]!
  t.ok(next.refs.some(({ userId }) => userId === '42'))
  next.answer()
  await other
  for (let i = 0; i < 100; i++) {
    for (const { answer } of database.statements) answer()
    await turn()
  }
  await Promise.all(all)
})

t.test('many reads of one document are one statement', async t => {
  const { database, batch } = reader()
  const busy = Array.from({ length: 4 * 8 }, (_, i) => batch.read([ref(`user-${i}`)]))
  await turn()
  const same = Array.from({ length: 900 }, () => batch.read([ref('42')]))
  await turn()
  for (const { answer } of [...database.statements]) answer()
  await turn()
  t.equal(database.statements.length, 5)
  database.statements[4]!.answer()
  await Promise.all([...busy, ...same])
})

t.test(
  'reads that hold different versions of a document get the row, or a statement of their own',
  async t => {
    const { database, batch } = reader()
    const at = (version: number) => [{ version, updatedAt: '2026-01-06T12:00:00.000Z' }]
    const row = { ref: ref('42'), version: 8, updatedAt: '2026-01-06T12:00:01.000Z', data: '{}' }
    const together = [batch.read([ref('42')], at(7)), batch.read([ref('42')], at(8)), batch.read([ref('42')])]
    await turn()
    t.equal(database.statements.length, 1)
    t.strictSame(database.statements[0]!.held, [undefined])
    database.statements[0]!.answer(row)
    for (const read of await Promise.all(together)) {
      t.equal(read.isHeld(ref('42')), false)
      t.equal(read.rows.get('42\nsettings'), row)
    }
    const busy = Array.from({ length: 4 * 8 }, (_, i) => batch.read([ref(`user-${i}`)], at(1)))
    await turn()
    const contained = [
      ...[...Array(8).keys()].map(i => batch.read([ref(`next-${i}`)], at(1))),
      ...[1, 1, 2].map(version => batch.read([ref('next-0')], at(version))),
    ]
    database.statements[1]!.answer()
    await turn()
    t.equal(database.statements.length, 6)
    t.equal(database.statements[5]!.refs.length, 8)
    database.statements[5]!.answer()
    t.ok((await contained[8]!).isHeld(ref('next-0')), 'what another read of the statement holds as well')
    await turn()
    t.strictSame(database.statements[6]!.held, at(2), 'one that holds another version')
    for (const { answer } of database.statements) answer()
    await Promise.all([...busy, ...contained])
  },
)

t.test('versions are asked for by two statements at a time, and by more beside those that hang', async t => {
  const { clock, database, batch } = reader(VERSIONS)
  const held = [{ version: 1, updatedAt: undefined }]
  const read = (user: string) => reads.push(batch.read([ref(user)], held))
  const reads: Promise<unknown>[] = []
  read('first')
  await turn()
  for (let i = 0; i < 100; i++) read(`user-${i}`)
  await turn()
  t.equal(database.statements.length, 2)
  t.equal(database.statements[1]!.refs.length, 64, 'what has arrived together shares one')
  database.statements[0]!.answer()
  await turn()
  t.equal(database.statements.length, 3, 'what came meanwhile shares the next')
  t.equal(database.statements[2]!.refs.length, 36)
  read('last')
  await turn()
  t.equal(database.statements.length, 3, 'it waits for one of the two')
  await clock.pass(100)
  t.equal(database.statements.length, 4, 'no longer than they are quick')
  t.equal(database.statements[3]!.refs.length, 1)
  database.statements[3]!.answer()
  read('again')
  await turn()
  t.equal(database.statements.length, 5, 'those that hang delay nobody any more')
  for (const { answer } of database.statements) answer()
  await Promise.all(reads)
})

t.test('the queue is bounded, for each user and for all', async t => {
  const queue = new ReadQueue<{ userId: string; id: number }>()
  let taken = 0
  for (let i = 0; i < 2_000; i++) if (queue.add({ userId: 'flood', id: i })) taken++
  t.equal(taken, 1_000)
  t.ok(queue.add({ userId: '42', id: 1 }))
  for (let i = 0; i < 20_000; i++) queue.add({ userId: `user-${i}`, id: i })
  t.equal(queue.size, 10_000)
  t.strictSame(
    queue.take(3).map(({ userId }) => userId),
    ['flood', '42', 'user-0'],
  )
  const read = { userId: 'x', id: 1 }
  const other = new ReadQueue<typeof read>()
  other.add(read)
  other.remove(read)
  other.remove(read)
  t.equal(other.size, 0)
})

t.test('writes of one document: one that waits too long is refused and never runs', async t => {
  const clock = clockByHand()
  const queue = new WriteQueue(new WaitLimit(clock, () => Number.NEGATIVE_INFINITY))
  const first = Promise.withResolvers<void>()
  const ran: string[] = []
  const writes = [
    queue.run(['a'], () => first.promise),
    queue.run(['a', 'b'], async () => void ran.push('late')),
    queue.run(['b'], async () => void ran.push('behind it')),
  ]
  const outcomes = Promise.allSettled(writes)
  const unrelated = queue.run(['c'], async () => 'done')
  t.equal(await unrelated, 'done')
  await clock.pass(5_500)
  const fresh = queue.run(['a'], async () => void ran.push('fresh'))
  first.resolve()
  await fresh
  const [held, late, behind] = await outcomes
  t.match(held, { status: 'fulfilled' })
  t.match(late, { status: 'rejected', reason: WriteQueueFullError })
  t.match(behind, { status: 'rejected', reason: WriteQueueFullError })
  t.strictSame(ran, ['fresh'])
})

t.test('writes that wait for leases of other instances are not refused meanwhile', async t => {
  const clock = clockByHand()
  let draining = true
  let drainedAt = Number.NEGATIVE_INFINITY
  const queue = new WriteQueue(new WaitLimit(clock, () => (draining ? clock.now() : drainedAt)))
  const drained = Promise.withResolvers<void>()
  const first = queue.run(['a'], () => drained.promise)
  const second = queue.run(['a'], async () => 'done')
  await clock.pass(5_500)
  await clock.pass(4_400)
  draining = false
  drainedAt = clock.now()
  // It still takes the one in front a moment, over the next deadline.
  await clock.pass(500)
  drained.resolve()
  await first
  t.equal(await second, 'done')
})

t.test('a deadline that was met calls nobody', async t => {
  const clock = clockByHand()
  const deadlines = new Deadlines(clock, 1_000)
  const late: string[] = []
  const met = deadlines.begin(() => late.push('met'))
  deadlines.begin(() => late.push('missed'))
  met()
  await clock.pass(1_500)
  t.strictSame(late, ['missed'])
})
