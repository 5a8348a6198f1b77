import t from 'tap'
import { WaitLimit } from '../../src/consistency/wait-limit.ts'
import {
  LARGE_BATCHES,
  SMALL_BATCHES,
  WriteBatches,
  type WriteJob,
} from '../../src/consistency/write-batches.ts'
import { WriteQueueFullError } from '../../src/consistency/write-queue.ts'
import { Slots } from '../../src/consistency/write-slots.ts'
import { onServer } from '../helper/backends.ts'
import { clockByHand } from '../helper/clock.ts'
import { eventually, startStack } from '../helper/gateway.ts'

const META = { updatedBy: 'test', reason: 'put' }
const URL = '/api/user/settings'
const put = (note: unknown) => ({ method: 'PUT' as const, url: URL, payload: { preferences: { note } } })

/** Batches whose transactions end when they are told to. */
function batchesByHand({ slots = 1, most = SMALL_BATCHES } = {}) {
  const clock = clockByHand()
  const begun: { users: string[]; end: (left?: readonly string[]) => void }[] = []
  const alone: string[] = []
  const userOf = ({ refs }: WriteJob) => refs[0]!.userId
  const batches = new WriteBatches({
    slots: new Slots(slots, clock),
    most,
    leavesNewCold: false,
    clock,
    limit: new WaitLimit(clock, () => Number.NEGATIVE_INFINITY),
    together: jobs =>
      new Promise(resolve => {
        begun.push({
          users: jobs.map(userOf),
          end: (left = []) => {
            for (const job of jobs)
              if (!left.includes(userOf(job))) job.resolve({ result: userOf(job), rows: [] })
            resolve(jobs.filter(job => left.includes(userOf(job))))
          },
        })
      }),
    alone: async jobs => {
      for (const job of jobs) {
        alone.push(userOf(job))
        job.resolve({ result: 'alone', rows: [] })
      }
    },
  })
  const write = (userId: string, documents = 1) => {
    const refs = Array.from({ length: documents }, (_, i) => ({ userId, kind: `kind ${i}` }))
    return batches.run(refs, () => ({ changes: [], result: userId }), META).then(({ result }) => result)
  }
  return { clock, begun, alone, write }
}

t.test('a write goes at once while no other is under way; those behind it go together', async t => {
  const { clock, begun, write } = batchesByHand({ slots: 2 })
  const users = () => begun.map(({ users }) => users)
  const writes = ['a', 'b', 'c'].map(user => write(user))
  t.strictSame(users(), [['a']], 'the others wait for company')
  await clock.pass(6)
  t.strictSame(users(), [['a'], ['b', 'c']], 'they do not wait for its end')
  writes.push(write('d'), write('e'))
  begun[1]!.end()
  t.equal(await writes[1], 'b')
  t.strictSame(users().length, 2, 'one is under way')
  begun[0]!.end()
  t.equal(await writes[0], 'a')
  t.strictSame(users()[2], ['d', 'e'], 'none is: they wait no longer')
  begun[2]!.end()
  t.strictSame(await Promise.all(writes), ['a', 'b', 'c', 'd', 'e'])
  await clock.pass(6)
  const last = write('f')
  begun[3]!.end()
  t.equal(await last, 'f')
})

t.test('once as many wait as a place may expect, none waits for more', async t => {
  const { clock, begun, write } = batchesByHand({ slots: 2 })
  const users = () => begun.map(({ users }) => users)
  const writes = ['a', 'b', 'c', 'd', 'e', 'f'].map(user => write(user))
  await clock.pass(6)
  begun[1]!.end()
  t.equal(await writes[1], 'b', 'six were there: three for each of two places')
  writes.push(write('b'), write('c'))
  t.equal(begun.length, 2, 'they wait for a third one')
  writes.push(write('d'))
  t.strictSame(users().slice(2), [['b', 'c', 'd']], 'without a moment more')
  await clock.pass(6)
  writes.push(write('e'), write('f'))
  await clock.pass(6)
  t.equal(begun.length, 3, 'no place is free, and what was waited for is over')
  begun[2]!.end()
  await clock.pass(5)
  t.equal(begun.length, 3, 'three were there: two places, two for each')
  begun[0]!.end()
  await writes[0]
  t.strictSame(users()[3], ['e', 'f'], 'nothing else is under way')
  begun[3]!.end()
  t.equal((await Promise.all(writes)).length, 11)
})

t.test('those that wait already when a place becomes free go at once, if they are enough', async t => {
  const { clock, begun, write } = batchesByHand({ slots: 2 })
  const writes = ['a', 'b', 'c'].map(user => write(user))
  await clock.pass(6)
  writes.push(write('d'), write('e'), write('f'))
  begun[1]!.end()
  await writes[1]
  t.strictSame(begun[2]?.users, ['d', 'e', 'f'])
  begun[0]!.end()
  begun[2]!.end()
  t.equal((await Promise.all(writes)).length, 6)
})

t.test('a batch is bounded in writes and in documents', async t => {
  const { begun, write } = batchesByHand()
  const writes = [write('first'), ...Array.from({ length: 40 }, (_, i) => write(`${i}`))]
  const large = Array.from({ length: 12 }, (_, i) => write(`large ${i}`, 13))
  for (let batch = 0; batch < 4; batch++) {
    await eventually('it begins', () => begun.length > batch)
    begun[batch]!.end()
  }
  await Promise.all([...writes, ...large])
  t.strictSame(
    begun.map(({ users }) => users.length),
    [1, 32, 17, 3],
  )
})

t.test('large batches grow while they are fast, and are halved when they are slow', async t => {
  const { clock, begun, write } = batchesByHand({ most: LARGE_BATCHES })
  const writes = Array.from({ length: 401 }, (_, i) => write(`${i}`, 13))
  // The first one met a free slot.
  const sizes: number[] = []
  for (const ms of [10, 10, 10, 10, 600, 300, 10, 10, 10, 10]) {
    await eventually('it begins', () => begun.length > sizes.length)
    await clock.pass(ms)
    sizes.push(begun[sizes.length]!.users.length)
    begun[sizes.length - 1]!.end()
  }
  await Promise.all(writes)
  t.strictSame(sizes, [1, 16, 32, 64, 64, 32, 32, 64, 64, 32])
})

t.test('what a batch leaves over is done alone, and takes no slot', async t => {
  const { begun, alone, write } = batchesByHand()
  const writes = ['a', 'b', 'c'].map(user => write(user))
  begun[0]!.end(['a'])
  t.equal(await writes[0], 'alone')
  t.strictSame(alone, ['a'])
  begun[1]!.end(['c'])
  t.strictSame(await Promise.all(writes), ['alone', 'b', 'alone'])
})

t.test('a write that waits too long for its turn is refused and never runs', async t => {
  const { clock, begun, write } = batchesByHand()
  const first = write('a')
  const late = t.rejects(write('b'), WriteQueueFullError)
  await clock.pass(5_500)
  await late
  begun[0]!.end()
  t.equal(await first, 'a')
  t.equal(begun.length, 1)
})

t.test('many writes at once over real stores: each is answered for itself', async t => {
  const { gateway } = await startStack(t)
  const users = Array.from({ length: 40 }, (_, i) => `user-${i}`)
  await Promise.all(users.map(user => gateway.as(user, { url: URL })))
  await onServer(gateway.databaseUrl, async client => {
    await client.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON documents FOR EACH ROW WHEN (OLD.user_id = 'user-7') EXECUTE FUNCTION refuse()`)
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock(document_lock_key('user-3', 'settings'))`)
    const replies = users.map((user, i) =>
      gateway.as(
        user,
        i === 5 ? { ...put(i), headers: { 'if-match': '"999"' } } : put(i === 9 ? undefined : i),
      ),
    )
    let held = true
    const heldUp = replies[3]!.then(reply => {
      t.notOk(held, 'it waits for the lock')
      return reply
    })
    const statuses = await Promise.all(
      replies.filter((_, i) => i !== 3).map(async reply => (await reply).statusCode),
    )
    const expected = users.map((_, i) => (i === 5 ? 412 : i === 7 ? 500 : 200)).filter((_, i) => i !== 3)
    t.strictSame(statuses, expected, 'the others do not wait for it')
    held = false
    await client.query('COMMIT')
    t.equal((await heldUp).statusCode, 200)
    const { rows } = await client.query(
      `SELECT count(DISTINCT changed_xid)::int AS transactions, count(*)::int AS changed FROM documents
       WHERE kind = 'settings' AND version = 2`,
    )
    t.ok(rows[0].transactions < rows[0].changed, 'some shared a transaction')
  })
  for (const [i, user] of users.entries()) {
    const { body, headers } = await gateway.as(user, { url: URL })
    if (i !== 7) t.match(headers['cache-status'], 'hit', 'no fence stays')
    t.equal(JSON.parse(body).data.preferences.note, [5, 7, 9].includes(i) ? undefined : i)
  }
})
