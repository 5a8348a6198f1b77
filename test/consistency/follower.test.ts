import t from 'tap'
import type { DocumentRef } from '../../src/consistency/document-rows.ts'
import { type Confirmation, Follower } from '../../src/consistency/follower.ts'
import { NearCache } from '../../src/consistency/near-cache.ts'
import {
  DatabaseUnavailableError,
  type Moment,
  type RecentChanges,
} from '../../src/consistency/store-port.ts'
import { clockByHand } from '../helper/clock.ts'

/** One small statement confirms what the near cache holds: for whom, and when it does not. */

type Changed = NonNullable<RecentChanges['changed']>

const SERVER = '1.5'
const turn = () => new Promise(resolve => setImmediate(resolve))
const momentAt = (oldestXid: bigint, server = SERVER, database = 'db-1'): Moment => ({
  server,
  database,
  oldestXid,
})
const keysOf = ({ userId, kind }: DocumentRef) => [`user:${userId}:${kind}`, `user:${userId}:${kind}:section`]

/** A follower whose database answers when it is told to, and a near cache with room for some entries. */
function followerByHand() {
  const clock = clockByHand()
  const near = new NearCache(1e6)
  const statements: {
    readonly since: bigint
    readonly answer: (moment: Moment, changed?: Changed | 'too many') => Promise<unknown>
    readonly fail: (error: Error) => Promise<unknown>
  }[] = []
  const store = {
    readChangesSince: (since: bigint) =>
      new Promise<RecentChanges>((resolve, reject) => {
        statements.push({
          since,
          answer: (moment, changed = []) => {
            resolve({ ...moment, changed: changed === 'too many' ? undefined : changed })
            return turn()
          },
          fail: error => {
            reject(error)
            return turn()
          },
        })
      }),
  }
  const failed: string[] = []
  const observer = { failed: (duty: string) => failed.push(duty) }
  const follower = new Follower({ store, codec: { keys: keysOf }, near, clock, observer, readWaitMs: 3_000 })
  /** Keeps a read of these documents, all at version 1, and follows it from `moment` on. */
  const keep = (id: string, kinds: readonly string[], moment = momentAt(100n)) => {
    const userId = id.split('\n')[0]!
    const entry = near.keep(id, {
      keys: kinds.map(kind => keysOf({ userId, kind })[0]!),
      v: undefined,
      database: 'db-1',
      stampKey: undefined,
      heads: Buffer.alloc(0),
      versions: kinds.map(() => 1),
      values: kinds.map(() => Buffer.from('{}')),
      spans: undefined,
      confirmedAt: 0,
    })!
    follower.follow(id, entry, moment)
    return entry
  }
  /** What `confirm` tells of each entry, in turn; undefined until it does. */
  const ask = async (...entries: ReturnType<typeof keep>[]) => {
    const told: (Confirmation | undefined)[] = entries.map(() => undefined)
    for (const [index, entry] of entries.entries())
      follower.confirm(entry, confirmation => {
        told[index] = confirmation
      })
    await turn()
    return told
  }
  return { clock, near, follower, statements, keep, ask, failed }
}

const change = (userId: string, kind: string, version: number) => ({ ref: { userId, kind }, version })

t.test('one statement for all users; a change concerns the entries that lack it', async t => {
  const { statements, keep, ask, follower } = followerByHand()
  const bundle = keep('42\nbundle', ['a', 'b'])
  const single = keep('42\na', ['a'])
  const other = keep('43\nbundle', ['a', 'b'])
  const told = await ask(bundle, single, other)
  t.equal(statements.length, 1)
  t.equal(statements[0]!.since, 100n)
  await statements[0]!.answer(momentAt(120n), [
    change('42', 'b', 2),
    change('43', 'a', 1),
    change('44', 'a', 9),
  ])
  t.strictSame(told, ['changed', 'current', 'current'])
  t.notOk(follower.follows(bundle))
  const again = await ask(single, other)
  t.equal(statements[1]!.since, 120n, 'only what was changed later')
  await statements[1]!.answer(momentAt(120n))
  t.strictSame(again, ['current', 'current'])
})

t.test('a read joins only a statement that is sent after it began', async t => {
  const { statements, keep, ask, follower } = followerByHand()
  const entry = keep('42\na', ['a'])
  const first = await ask(entry)
  const second = await ask(entry)
  const third = await ask(entry)
  t.equal(statements.length, 2, 'two at once, and the third waits')
  await statements[0]!.answer(momentAt(101n))
  t.strictSame([first, second, third], [['current'], [undefined], [undefined]])
  t.equal(statements.length, 3)
  // The answers overtake each other.
  await statements[2]!.answer(momentAt(130n), [change('42', 'a', 2)])
  await statements[1]!.answer(momentAt(110n))
  t.strictSame([second, third], [['changed'], ['changed']])
  t.notOk(follower.follows(keep('42\na', ['a'], momentAt(120n))), 'it may lack what was told already')
})

t.test('an entry that is held no longer is not followed, whatever its read still hears', async t => {
  const { statements, keep, ask, near, follower } = followerByHand()
  const old = keep('42\na', ['a'])
  const told = await ask(old)
  const now = keep('42\na', ['a'])
  follower.follow('42\na', old, momentAt(100n))
  t.notOk(follower.follows(old))
  t.ok(follower.follows(now))
  await statements[0]!.answer(momentAt(110n))
  t.strictSame(told, ['changed'])
  t.ok(near.holds('42\na', now))
})

t.test('another server, another incarnation, or ids that go back: nothing is followed', async t => {
  for (const moment of [momentAt(200n, '2.5'), momentAt(200n, SERVER, 'db-2'), momentAt(99n)]) {
    const { statements, keep, ask, follower } = followerByHand()
    const entry = keep('42\na', ['a'])
    const told = await ask(entry)
    await statements[0]!.answer(moment)
    t.strictSame(told, ['changed'])
    t.notOk(follower.follows(entry))
    follower.follow('42\na', entry, moment)
    t.ok(follower.follows(entry), 'it begins again')
    const again = await ask(entry)
    t.equal(statements[1]!.since, moment.oldestXid)
    await statements[1]!.answer(moment)
    t.strictSame(again, ['current'])
  }
})

t.test('a statement from before following began again confirms nothing', async t => {
  const { statements, keep, ask, follower } = followerByHand()
  const entry = keep('42\na', ['a'])
  const [first, second] = [await ask(entry), await ask(entry)]
  await statements[0]!.answer(momentAt(200n, '2.5'))
  t.strictSame(first, ['changed'])
  // A late answer of document by document, whose snapshot is older than the read that still waits.
  follower.follow('42\na', entry, momentAt(100n))
  t.ok(follower.follows(entry))
  await statements[1]!.answer(momentAt(210n), [change('42', 'a', 2)])
  t.strictSame(second, ['changed'])
})

t.test('more changes than one answer tells: it rests, and begins again', async t => {
  const { clock, statements, keep, ask, follower } = followerByHand()
  const entry = keep('42\na', ['a'])
  const told = await ask(entry)
  await statements[0]!.answer(momentAt(5_000n), 'too many')
  t.strictSame(told, ['changed'])
  follower.follow('42\na', entry, momentAt(5_000n))
  t.notOk(follower.follows(entry), 'not at once')
  await clock.pass(1_000)
  follower.follow('42\na', entry, momentAt(5_000n))
  t.ok(follower.follows(entry))
})

t.test('a transaction that stays open: the same changes are not told again and again', async t => {
  const { clock, statements, keep, ask, follower } = followerByHand()
  const entry = keep('42\na', ['a'])
  const answerAll = async (...told: Changed[number][]) => {
    const asked = await ask(entry)
    await statements.at(-1)!.answer(momentAt(100n), told)
    return asked
  }
  for (let i = 0; i < 20; i++) {
    t.strictSame(await answerAll(), ['current'])
    await clock.pass(100)
  }
  for (let i = 0; i < 10; i++) {
    t.strictSame(await answerAll(change('43', 'a', 7)), ['current'])
    await clock.pass(100)
  }
  t.strictSame(await answerAll(change('43', 'a', 7)), ['changed'], 'it rests')
  await clock.pass(5_000)
  follower.follow('42\na', entry, momentAt(100n))
  t.notOk(follower.follows(entry))
  await clock.pass(5_000)
  follower.follow('42\na', entry, momentAt(100n))
  t.ok(follower.follows(entry))
})

t.test('what was not asked for long is not asked: too much has changed since', async t => {
  const { clock, statements, keep, ask, follower } = followerByHand()
  const entry = keep('42\na', ['a'])
  await clock.pass(9_000)
  const told = await ask(entry)
  await statements[0]!.answer(momentAt(100n))
  t.strictSame(told, ['current'])
  await clock.pass(10_100)
  t.notOk(follower.follows(entry))
  follower.follow('42\na', entry, momentAt(900n))
  await ask(entry)
  t.equal(statements[1]!.since, 900n)
})

t.test('a version below the one that is held is another one as well', async t => {
  const { statements, keep, ask } = followerByHand()
  const told = await ask(keep('42\na', ['a']))
  await statements[0]!.answer(momentAt(110n), [change('42', 'a', 0)])
  t.strictSame(told, ['changed'])
})

t.test('a read that fails when it is told does not keep the others waiting', async t => {
  const { statements, keep, ask, follower } = followerByHand()
  const entry = keep('42\na', ['a'])
  const caught = new Promise(resolve => process.once('unhandledRejection', resolve))
  follower.confirm(entry, () => {
    throw new Error('a fault of the reader')
  })
  const told = await ask(entry)
  await statements[0]!.answer(momentAt(110n))
  t.strictSame(told, ['current'])
  t.match(await caught, { message: 'a fault of the reader' })
  t.ok(follower.follows(entry))
})

t.test('the database fails, refuses or does not answer', async t => {
  const { clock, statements, keep, ask, follower, failed: failures } = followerByHand()
  const entry = keep('42\na', ['a'])
  const failed = await ask(entry)
  await statements[0]!.fail(new DatabaseUnavailableError('gone'))
  t.match(failed, [new DatabaseUnavailableError('gone')])
  t.ok(follower.follows(entry), 'nothing was missed')

  const late = [await ask(entry), await ask(entry), await ask(entry)]
  t.equal(statements.length, 3)
  await clock.pass(100)
  t.equal(statements.length, 4, 'another one beside those that are slow')
  await clock.pass(2_000)
  const last = await ask(entry)
  await clock.pass(1_500)
  for (const [told] of late) t.match(told, DatabaseUnavailableError)
  t.strictSame(last, [undefined], 'each read has its own wait')
  for (const { answer } of statements.slice(1)) await answer(momentAt(101n))
  await turn()
  await statements.at(-1)!.answer(momentAt(101n))
  t.strictSame(last, ['current'])
  await clock.pass(500)
  t.equal(clock.sleepers(), 0, 'no timer is left')

  const refused = await ask(entry)
  await statements.at(-1)!.fail(new Error('no such function'))
  t.strictSame(refused, ['changed'], 'each document is asked for')
  t.notOk(follower.follows(entry))
  t.strictSame(failures, ['follow-changes'])
})
