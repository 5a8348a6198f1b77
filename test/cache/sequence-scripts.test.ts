import t from 'tap'
import { bytesOf, openScripts } from './redis-script-access.ts'

const DAY = { userId: 'u', day: '20260106' }
const COUNTER = 'user:u:sequence:20260106'
const SETTINGS = 'user:u:settings:trading'
const HOUR_MS = 3_600_000

t.test('open, draw, last: numbers of one block, until it is used up', async t => {
  const { cache, sequence, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 'block', 'no block is open')
  t.equal(await sequence.last(v(1), DAY), 'block')
  t.equal(await sequence.open(v(1), DAY, 2, { first: 11, last: 15 }), 12)
  t.equal(await client.get(COUNTER), '12', 'a plain integer')
  for (const key of [COUNTER, `${COUNTER}:block`]) {
    const ttl = await client.pttl(key)
    t.ok(ttl > 47 * HOUR_MS && ttl <= 48 * HOUR_MS, `${key} lives for 48 hours`)
  }
  t.equal(await sequence.draw(v(1), DAY, 2, 0), 14)
  t.equal(await sequence.draw(v(1), DAY, 2, 0), 'used 15', 'more than is left')
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 15)
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 'used 15')
  t.equal(await sequence.last(v(1), DAY), 15)
})

t.test('open: not under a block with larger numbers, but over one of another V', async t => {
  const { cache, sequence, v } = await openScripts(t)
  await cache.adopt(v(1))
  t.equal(await sequence.open(v(1), DAY, 1, { first: 101, last: 200 }), 101)
  t.equal(await sequence.open(v(1), DAY, 1, { first: 1, last: 100 }), 'block')
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 102)
  await cache.adopt(v(2))
  t.equal(await sequence.draw(v(2), DAY, 1, 0), 'block', 'a block belongs to one V')
  t.equal(await sequence.last(v(2), DAY), 'block')
  t.equal(await sequence.open(v(2), DAY, 1, { first: 1, last: 100 }), 1)
})

t.test('draw: only while the settings have the version by which the day was chosen', async t => {
  const { cache, sequence, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  await sequence.open(v(1), DAY, 1, { first: 1, last: 9 })
  t.equal(await sequence.draw(v(1), DAY, 1, 7), 'settings', 'they are not there')
  await client.set(SETTINGS, bytesOf(7))
  t.equal(await sequence.draw(v(1), DAY, 1, 7), 2)
  await client.set(SETTINGS, bytesOf(8))
  t.equal(await sequence.draw(v(1), DAY, 1, 7), 'settings')
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 3)
})

t.test('all of them work when Redis is out of memory, and draw nothing twice after FLUSHALL', async t => {
  const { cache, sequence, client, v, breaker } = await openScripts(t)
  await cache.adopt(v(1))
  await client.config('SET', 'maxmemory', '1')
  t.equal(await sequence.open(v(1), DAY, 1, { first: 1, last: 9 }), 1)
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 2)
  t.equal(await sequence.last(v(1), DAY), 2)
  t.equal(breaker.state, 'closed')
  await client.flushall()
  t.equal(await sequence.draw(v(1), DAY, 1, 0), 'view')
  t.equal(await sequence.last(v(1), DAY), 'view')
  await cache.adopt(v(2))
  t.equal(await sequence.draw(v(2), DAY, 1, 0), 'block')
})
