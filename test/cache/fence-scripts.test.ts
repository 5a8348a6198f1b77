import t from 'tap'
import { fenceText } from '../helper/fence-text.ts'
import { bytesOf, entryOf, fill, headsOf, KEYS, openScripts } from './redis-script-access.ts'

const [KEY, SECTION] = KEYS
const A = 'aaaaaaaaaaaaaaaa'
const B = 'bbbbbbbbbbbbbbbb'
const at = (min: number) => [{ keys: KEYS, min }]

t.test(
  'fence: over missing, older and equal; not over a version >= min or a higher fence; all keys; no TTL',
  async t => {
    const { cache, client, v } = await openScripts(t)
    await cache.adopt(v(1))
    t.equal(await cache.fence(v(1), A, at(5)), 'done')
    t.strictSame(await client.mget(KEY, SECTION), [fenceText(5, A), fenceText(5, A)])
    t.equal(await client.pttl(KEY), -1)
    t.equal(await cache.fence(v(1), B, at(5)), 'done')
    t.equal(await client.get(KEY), fenceText(5, B), 'an equal one gets the new nonce')
    t.equal(await cache.fence(v(1), A, at(4)), 'refused')
    t.equal(await client.get(KEY), fenceText(5, B))
    await fill(cache, v(1), 6)
    t.equal(await cache.fence(v(1), A, at(6)), 'refused')
    t.equal(await client.get(KEY), bytesOf(6))
    const other = [...at(6), { keys: ['user:u:d1'], min: 1 }]
    t.equal(await cache.fence(v(1), A, other), 'refused')
    t.equal(await client.get('user:u:d1'), fenceText(1, A), 'each document by itself')
    t.equal(await cache.fence(v(1), A, at(7)), 'done')
  },
)

t.test('unfence: exactly that fence', async t => {
  const { cache, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  await cache.fence(v(1), A, at(5))
  t.equal(await cache.unfence(v(1), B, entryOf(4)), 'refused')
  t.equal(await client.get(KEY), fenceText(5, A))
  t.equal(await cache.unfence(v(1), A, entryOf(4)), 'done')
  t.strictSame(await client.mget(KEY, SECTION), [bytesOf(4), bytesOf(4)])
  t.equal(await cache.unfence(v(1), A, entryOf(3)), 'refused', 'a value is there')
  await client.flushall()
  await cache.adopt(v(2))
  t.equal(await cache.unfence(v(2), A, entryOf(4)), 'refused', 'nothing is there')
})

const TOMBSTONE = 'gateway:deleted:u'

t.test('erase: no key of the document is left, and nothing older comes back', async t => {
  const { cache, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  const [seen] = (await cache.makeStamps(v(1), ['gateway:stamp:u'])) as readonly string[]
  await cache.fence(v(1), A, at(5))
  t.equal(await cache.erase(v(1), A, at(5)), 'done')
  t.strictSame(await client.keys('user:*'), [])
  for (const key of [TOMBSTONE, 'gateway:stamp:u']) {
    const ttl = await client.pttl(key)
    t.ok(ttl > 590_000 && ttl <= 600_000, `${key} lives for ten minutes`)
  }
  // A reader that saw the stamp of before, and read the row before the COMMIT.
  t.equal(await cache.fill(v(1), [{ ...entryOf(4), stamp: seen! }]), 'refused')
  // The simulation's seed 26941: a late fence of an earlier write, and its put right behind it.
  t.equal(await cache.fence(v(1), B, at(4)), 'refused')
  t.equal(await cache.fence(v(1), A, at(5)), 'refused', 'the fence of the deletion, repeated')
  t.equal(await cache.put(v(1), B, [entryOf(4)]), 'refused')
  t.equal(await cache.unfence(v(1), A, entryOf(4)), 'refused')
  t.strictSame(await client.keys('user:*'), [])
  t.equal(await cache.fence(v(1), A, at(6)), 'done', 'created again, and rolled back')
  t.equal(await cache.erase(v(1), A, at(5)), 'done', 'by a repair that met exactly this fence')
  t.strictSame(await client.keys('user:*'), [])
  t.equal(await cache.fence(v(1), B, at(6)), 'done', 'created again')
  t.equal(await cache.erase(v(1), A, at(5)), 'refused', 'late')
  t.equal(await cache.put(v(1), B, [entryOf(6)]), 'done')
  t.equal(await cache.erase(v(1), A, at(5)), 'refused', 'late')
  t.equal(await client.get(KEY), bytesOf(6))
  for (const key of [...KEYS, 'gateway:stamp:u']) t.equal(await client.pttl(key), -1, key)
})

t.test('erase: also a late fence of the same time; a tombstone has a line for each document', async t => {
  const { cache, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  const D1 = ['user:u:d1']
  await cache.fence(v(1), A, at(5))
  await cache.fence(v(1), B, at(4))
  await cache.fence(v(1), B, [{ keys: D1, min: 9 }])
  t.equal(await cache.erase(v(1), A, [...at(5), { keys: D1, min: 9 }]), 'done')
  t.strictSame(await client.keys('user:*'), [])
  t.equal(await client.get(TOMBSTONE), `\n${KEY} 6\nuser:u:d1 10`)
  t.equal(await cache.fence(v(1), A, [...at(6), { keys: D1, min: 9 }]), 'refused', 'each by its own number')
  t.strictSame((await client.keys('user:*')).sort(), [KEY, SECTION], 'the first is fenced')
  t.equal(await cache.erase(v(1), A, at(6)), 'done')
  t.equal(await cache.erase(v(1), A, at(2)), 'done', 'a late one of an earlier deletion')
  t.equal(await client.get(TOMBSTONE), `\nuser:u:d1 10\n${KEY} 7`, 'never less')
  await cache.fence(v(1), A, [{ keys: ['user:w:d0'], min: 1 }])
  t.equal(await client.exists('user:w:d0'), 1, 'another user')
  for (const odd of ['text', '', '\nuser:u:d0 text', `${KEY} 99`]) {
    await client.set(TOMBSTONE, odd)
    t.equal(await cache.fence(v(1), B, at(7)), 'done', JSON.stringify(odd))
  }
  await client.del(TOMBSTONE)
  await client.rpush(TOMBSTONE, 'x')
  t.equal(await cache.fence(v(1), A, at(7)), 'done', 'of another type')
  t.equal(await cache.erase(v(1), A, at(7)), 'done')
  t.equal(await cache.fence(v(1), A, at(7)), 'refused')
})

t.test('a fence passes when Redis is out of memory, a put does not; the breaker stays closed', async t => {
  const { cache, client, v, breaker } = await openScripts(t)
  await cache.adopt(v(1))
  await fill(cache, v(1), 4)
  await client.config('SET', 'maxmemory', '1')
  t.equal(await cache.fence(v(1), A, at(5)), 'done')
  t.equal(await client.get(KEY), fenceText(5, A))
  t.equal(await headsOf(cache, KEYS), `${fenceText(5, A)}\n${fenceText(5, A)}`)
  for (let i = 0; i < 4; i++) await t.rejects(cache.put(v(1), A, [entryOf(5)]), /OOM/)
  await t.rejects(fill(cache, v(1), 5), /OOM/)
  await t.rejects(cache.unfence(v(1), A, entryOf(4)), /OOM/)
  t.equal(await cache.erase(v(1), A, at(5)), 'done')
  t.equal(await cache.adopt(v(2)), 'done')
  t.equal(await cache.proposeMarker(v(2), A), 'done')
  t.equal(await cache.advanceMarker(v(2), A, { xid: 7n, database: 'x/1' }), 'done')
  t.equal(await cache.cold(v(3), 'test'), 'done')
  t.equal(breaker.state, 'closed')
})

t.test('the stamp of the user moves with every change, and never comes by an old number again', async t => {
  const { cache, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  const stamp = async () => Number(await client.get('gateway:stamp:u'))
  let last = 0
  const moves = async (what: string, outcome: Promise<string>, wanted = 'done') => {
    t.equal(await outcome, wanted, what)
    const now = await stamp()
    t.ok(now > last, `${what}: ${last} -> ${now}`)
    last = now
  }
  const rests = async (what: string, outcome: Promise<string>, wanted: string) => {
    t.equal(await outcome, wanted, what)
    t.equal(await stamp(), last, what)
  }
  await moves('fence', cache.fence(v(1), A, at(4)))
  await moves('put', cache.put(v(1), A, [entryOf(4)]))
  await rests('the same again', cache.put(v(1), A, [entryOf(4)]), 'done')
  await rests('an older one', cache.put(v(1), A, [entryOf(3)]), 'refused')
  await client.del(...KEYS)
  await rests('a fill where nothing is', fill(cache, v(1), 4), 'done')
  await rests('another V', cache.fence(v(2), A, at(5)), 'view')
  await moves('fence', cache.fence(v(1), A, at(5)))
  await rests('unfence of another', cache.unfence(v(1), B, entryOf(4)), 'refused')
  await moves('unfence', cache.unfence(v(1), A, entryOf(4)))
  await client.set(SECTION, bytesOf(2))
  await moves('a section is healed', cache.put(v(1), A, [entryOf(4)]))
  await moves('fence again', cache.fence(v(1), A, at(5)))
  await moves('erase', cache.erase(v(1), A, at(5)))
  for (const lost of [() => client.del('gateway:stamp:u'), () => client.set('gateway:stamp:u', 'garbage')]) {
    await lost()
    await moves('after it was lost', cache.fence(v(1), A, at(6)))
  }
  await client.del('gateway:stamp:u')
  await client.rpush('gateway:stamp:u', 'x')
  await moves('after it was of another type', cache.fence(v(1), B, at(6)))
})
