import t from 'tap'
import type { Vacancy } from '../../src/sequence/ports.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
import { bytesOf, openScripts } from './redis-script-access.ts'

const DAY = { userId: 'u', day: '20260106' }
const [BLOCK, WITNESS, MIRROR] = PLAIN_NAMES.sequence(DAY.userId, DAY.day)
const SETTINGS = 'user:u:settings:trading'
const HOUR_MS = 3_600_000

type Scripts = Awaited<ReturnType<typeof openScripts>>

/** Draws one number where none is open, and opens `first` to `last` in its place. */
async function openFirst(
  { sequence, v }: Scripts,
  epoch: number,
  count: number,
  first: number,
  last: number,
) {
  const met = await sequence.draw(v(epoch), DAY, 1, 0)
  return sequence.open(v(epoch), DAY, count, met as Vacancy, { first, last })
}

t.test('open, draw, last: numbers of one block, until it is used up', async t => {
  const scripts = await openScripts(t)
  const { cache, sequence, client, v } = scripts
  await cache.adopt(v(1))
  t.equal(await sequence.last(v(1), DAY), 'stale')
  t.match(await sequence.draw(v(1), DAY, 1, 0), /^block \d+ - 0$/, 'no block is open')
  t.equal(await openFirst(scripts, 1, 2, 11, 15), 12)
  t.equal(await client.get(MIRROR), '12', 'a plain integer')
  for (const key of [BLOCK, WITNESS, MIRROR]) {
    const ttl = await client.pttl(key)
    t.ok(ttl > 47 * HOUR_MS && ttl <= 48 * HOUR_MS, `${key} lives for 48 hours`)
  }
  t.equal(await sequence.draw(v(1), DAY, 2, 0), 14)
  t.equal(await sequence.draw(v(1), DAY, 2, 0), 'used 15', 'more than is left')
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 15)
  t.equal(await client.get(MIRROR), '15')
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 'used 15')
  t.equal(await sequence.last(v(1), DAY), 15)
})

t.test('open: once, in the place of what the draw met; a block belongs to one V', async t => {
  const scripts = await openScripts(t)
  const { cache, sequence, client, v } = scripts
  await cache.adopt(v(1))
  const ticket = (await sequence.draw(v(1), DAY, 1, 0)) as Vacancy
  t.equal(await sequence.draw(v(1), DAY, 1, 0), ticket, 'the same for all who find none')
  t.equal(await sequence.open(v(1), DAY, 1, ticket, { first: 101, last: 104 }), 101)
  t.equal(await sequence.open(v(1), DAY, 1, ticket, { first: 101, last: 104 }), 'stale', 'delivered twice')
  t.equal(await sequence.open(v(1), DAY, 1, ticket, { first: 201, last: 204 }), 'stale', 'another block')
  t.equal(await sequence.draw(v(1), DAY, 3, 0), 104)
  t.equal(await sequence.open(v(1), DAY, 1, 'used 104', { first: 105, last: 200 }), 105)
  t.equal(await sequence.open(v(1), DAY, 1, 'used 104', { first: 105, last: 200 }), 'stale', 'twice')
  await client.del(BLOCK)
  t.equal(await sequence.open(v(1), DAY, 1, ticket, { first: 101, last: 104 }), 'stale', 'late, after DEL')
  t.equal(await sequence.open(v(1), DAY, 1, 'used 104', { first: 105, last: 200 }), 'stale')
  t.not(await sequence.draw(v(1), DAY, 1, 0), ticket, 'another ticket')
  await openFirst(scripts, 1, 1, 301, 310)
  await cache.adopt(v(2))
  t.match(await sequence.draw(v(2), DAY, 1, 0), /^block \d+ 301 310$/, 'the last block is remembered')
  t.match(await sequence.draw(v(2), DAY, 1, 0), /^block \d+ 301 310$/)
  t.equal(await sequence.last(v(2), DAY), 'stale')
  t.equal(await openFirst(scripts, 2, 1, 1, 100), 1)
})

t.test('whatever an operator does to one of the keys, no number comes twice', async t => {
  const scripts = await openScripts(t)
  const { cache, sequence, client, v } = scripts
  await cache.adopt(v(1))
  let next = 1
  const draw = async () => {
    const outcome = await sequence.draw(v(1), DAY, 1, 0)
    if (typeof outcome === 'number') return outcome
    const block = { first: next, last: next + 15 }
    next += 16
    return Number(await sequence.open(v(1), DAY, 1, outcome as Vacancy, block))
  }
  const drawn = [await draw(), await draw()]
  const saved = new Map<string, Buffer>()
  for (const key of [BLOCK, WITNESS, MIRROR]) saved.set(key, (await client.dumpBuffer(key))!)
  drawn.push(await draw())
  const [other, , otherMirror] = PLAIN_NAMES.sequence('w', DAY.day)
  await client.set(other, (await client.get(BLOCK))!.replace(BLOCK, other).replace(/^\d+/, '1'))
  await client.set(otherMirror, '1')
  const edits: [string, (key: string) => Promise<unknown>][] = [
    ['SET 1', key => client.set(key, '1')],
    ['SET a text', key => client.set(key, '1 16')],
    ['DEL', key => client.del(key)],
    ['another type', key => client.del(key).then(() => client.rpush(key, '1'))],
    ['INCR', key => client.incrby(key, -3).catch(() => 'not a number')],
    ['EXPIRE', key => client.pexpire(key, 1)],
    ['APPEND', key => client.append(key, '0')],
    ['RESTORE of an old value', key => client.restore(key, 0, saved.get(key)!, 'REPLACE')],
    ["COPY of another user's", key => client.copy(key === BLOCK ? other : otherMirror, key, 'REPLACE')],
    ['RENAME', key => client.rename(key, 'elsewhere')],
  ]
  for (const [what, edit] of edits) {
    for (const key of [BLOCK, WITNESS, MIRROR]) {
      await edit(key)
      const numbers = [await draw(), await draw()]
      t.ok(
        numbers.every(number => number > Math.max(...drawn)),
        `${what} of ${key}: ${numbers}`,
      )
      drawn.push(...numbers)
      t.equal(await client.get(MIRROR), String(numbers[1]), 'the mirror is right again')
    }
  }
  t.equal(new Set(drawn).size, drawn.length)
})

t.test('open: refused with a ticket that an operator has put back, whatever the witness holds', async t => {
  const scripts = await openScripts(t)
  const { cache, sequence, client, v } = scripts
  await cache.adopt(v(1))
  const late = (await sequence.draw(v(1), DAY, 1, 0)) as Vacancy
  const ticket = (await client.dumpBuffer(BLOCK))!
  t.equal(await sequence.open(v(1), DAY, 2, late, { first: 5, last: 8 }), 6, 'another instance was faster')
  await client.restore(BLOCK, 0, ticket, 'REPLACE')
  t.equal(await sequence.open(v(1), DAY, 1, late, { first: 1, last: 4 }), 'stale', 'of before 6')
  t.equal(await sequence.open(v(1), DAY, 2, late, { first: 5, last: 8 }), 'stale', 'delivered twice')
  let met = (await sequence.draw(v(1), DAY, 1, 0)) as Vacancy
  t.match(met, /^block \d+ 6 0$/, 'a ticket names the witness of its time')
  for (const witness of ['9007199254740991', '9'.repeat(40), '7', 'text']) {
    await client.set(WITNESS, witness)
    t.equal(await sequence.open(v(1), DAY, 1, met, { first: 9, last: 12 }), 'stale', witness)
    const before = met
    met = (await sequence.draw(v(1), DAY, 1, 0)) as Vacancy
    t.not(met, before, 'another ticket')
    t.equal(await sequence.draw(v(1), DAY, 1, 0), met)
  }
  t.equal(await sequence.open(v(1), DAY, 1, met, { first: 9, last: 12 }), 9, 'no witness keeps a block shut')
})

t.test('draw: only while the settings have the version by which the day was chosen', async t => {
  const scripts = await openScripts(t)
  const { cache, sequence, client, v } = scripts
  await cache.adopt(v(1))
  await openFirst(scripts, 1, 1, 1, 9)
  t.equal(await sequence.draw(v(1), DAY, 1, 7), 'settings', 'they are not there')
  await client.set(SETTINGS, bytesOf(7))
  t.equal(await sequence.draw(v(1), DAY, 1, 7), 2)
  await client.set(SETTINGS, bytesOf(8))
  t.equal(await sequence.draw(v(1), DAY, 1, 7), 'settings')
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 3)
})

t.test('all of them work when Redis is out of memory, and draw nothing twice after FLUSHALL', async t => {
  const scripts = await openScripts(t)
  const { cache, sequence, client, v, breaker } = scripts
  await cache.adopt(v(1))
  await client.config('SET', 'maxmemory', '1')
  t.equal(await openFirst(scripts, 1, 1, 1, 9), 1)
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 2)
  t.equal(await sequence.last(v(1), DAY), 2)
  t.equal(breaker.state, 'closed')
  await client.flushall()
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 'view')
  t.equal(await sequence.last(v(1), DAY), 'view')
  await cache.adopt(v(2))
  t.match(await sequence.draw(v(2), DAY, 1, 0), /^block /)
})
