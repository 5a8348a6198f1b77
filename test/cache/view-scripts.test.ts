import t from 'tap'
import { viewText } from '../../src/consistency/token.ts'
import type { Vacancy } from '../../src/sequence/ports.ts'
import { bytesOf, entryOf, fill, headsOf, KEYS, openScripts } from './redis-script-access.ts'

const NONCE = 'aaaaaaaaaaaaaaaa'
const STAMP = 'gateway:stamp:u'
const FENCES = [{ keys: KEYS, min: 5 }]
const MARKER = { xid: 100n, database: '7215/1' }

t.test('adopt and cold: only a newer V; what another dataset answers does not count', async t => {
  const { cache, client, v, foreign } = await openScripts(t)
  t.equal(await cache.adopt(foreign(1)), 'view')
  t.equal(await cache.cold(foreign(1), 'test'), 'view')
  t.equal(await cache.adopt(v(2)), 'done')
  t.equal(await client.get('gateway:view'), viewText(v(2)))
  for (const old of [v(1), v(2)]) {
    t.equal(await cache.adopt(old), 'view')
    t.equal(await cache.cold(old, 'test'), 'view')
  }
  await fill(cache, v(2), 1)
  await client.set('gateway:marker', '7 x/1')
  t.equal(await cache.cold(v(3), 'test'), 'done')
  t.equal(await client.get('gateway:view'), viewText(v(3)))
  t.equal(await client.get('gateway:marker'), null, 'whoever comes next begins cold as well')
})

t.test('every script refuses another V, and after FLUSHALL; it does nothing then', async t => {
  const { cache, sequence, client, v, foreign } = await openScripts(t)
  const day = { userId: 'u', day: '20260106' }
  await cache.adopt(v(2))
  const calls = (w: ReturnType<typeof v>) => [
    cache.fence(w, NONCE, FENCES),
    cache.put(w, NONCE, [entryOf(5)]),
    cache.makeStamps(w, ['gateway:stamp:u']),
    cache.fill(w, [{ ...entryOf(5), stamp: '1767700000000000' }]),
    cache.unfence(w, NONCE, entryOf(5)),
    cache.erase(w, NONCE, FENCES),
    cache.proposeMarker(w, NONCE),
    cache.advanceMarker(w, NONCE, MARKER),
    sequence.draw(w, day, 1, 0),
    sequence.open(w, day, 1, 'used 0', { first: 1, last: 4 }),
    sequence.last(w, day),
  ]
  for (const w of [v(1), v(3), foreign(2)])
    t.strictSame(new Set(await Promise.all(calls(w))), new Set(['view']))
  t.strictSame(await client.keys('*'), ['gateway:view'])
  await client.flushall()
  t.strictSame(new Set(await Promise.all(calls(v(2)))), new Set(['view']))
  t.equal(await client.dbsize(), 0)
  t.equal(await headsOf(cache, KEYS), '\n', 'heads are those of missing keys')
  for (const work of [() => cache.adopt(v(2)), () => cache.cold(v(2), 'test')]) {
    await client.flushall()
    t.equal(await work(), 'done', 'and the dataset is adopted anew, whatever epoch it had')
  }
})

t.test('sweep: every key of the gateway, and none of another program', async t => {
  const { cache, client, v, foreign } = await openScripts(t)
  const foreignKeys = [
    'user:42:name',
    'user:42',
    'user:42:settings:all:more',
    'user:42:sequence:today',
    'my:user:42:settings:all',
    'binance:42:trades',
    'binance:7',
    'admin:defaults',
    'admin:defaults:more',
    'gateway:stamp',
    'gateway:other',
    'session:1',
    ...Array.from({ length: 2_000 }, (_, index) => `job:${index}`),
  ]
  const own = [
    'user:42:settings:all',
    'user:a.b@c-d_e:mode:scalp',
    'user:42:sequence:20260106',
    'binance:42:positions',
    'binance:42:orders',
    'admin:defaults:all',
    'admin:defaults:hash',
    'gateway:marker',
    'gateway:proposal',
    'gateway:stamp:42',
    'gateway:sequence:42:20260106',
    'gateway:sequence:42:20260106:last',
    ...Array.from({ length: 1_500 }, (_, index) => `user:u${index}:settings:trading`),
  ]
  await client.mset([...foreignKeys, ...own].flatMap(key => [key, 'x']))
  await cache.cold(v(2), 'test')
  t.equal(await cache.sweep(v(1), null), 'view')
  t.equal(await cache.sweep(foreign(2), null), 'view')
  let at: string | null = null
  do {
    const step = await cache.sweep(v(2), at)
    if (step === 'view') throw new Error('refused')
    at = step.next
  } while (at !== null)
  t.strictSame((await client.keys('*')).sort(), [...foreignKeys, 'gateway:owner', 'gateway:view'].sort())
})

t.test('hold: under its V only; others see that a gate is at work', async t => {
  const { cache, v } = await openScripts(t)
  await cache.adopt(v(2))
  t.equal(await cache.hold(v(1), 1_000), 'view')
  t.equal(await cache.hold(v(2), 0), 'done')
  t.equal((await cache.identify()).gateHeld, false)
  t.equal(await cache.hold(v(2), 100_000), 'done')
  t.equal((await cache.identify()).gateHeld, true)
  await cache.adopt(v(3))
  t.equal((await cache.identify()).gateHeld, false, 'that gate has been overtaken')
})

t.test('adopt, cold and hold: not while gateways of another database have claimed the keys', async t => {
  const { cache, client, v } = await openScripts(t)
  const { database, identity } = v(1)
  const other = 'ba9876543210-1-76543210'
  const claim = (id: string) => cache.claim(identity, { database: id, name: id }, 'anew')
  t.equal(await claim(database), 'this-database')
  t.equal(await cache.adopt(v(1)), 'done', 'its own claim')
  t.equal(await cache.hold(v(1), 0), 'done')
  await client.del('gateway:owner')
  t.equal(await claim(other), 'this-database')
  t.equal(await cache.adopt({ ...v(2), database: other }), 'done')
  await client.set('gateway:marker', `7 ${other}`)
  // A gateway of the first database stood still inside its gate, and took its epoch from a later time of its own.
  for (const work of [() => cache.adopt(v(9)), () => cache.cold(v(9), 'test'), () => cache.hold(v(9), 1_000)])
    t.equal(await work(), 'view')
  t.equal(await client.get('gateway:view'), viewText({ ...v(2), database: other }))
  t.equal(await client.get('gateway:marker'), `7 ${other}`)
  t.equal(await cache.hold({ ...v(2), database: other }, 0), 'done')
  for (const gone of [() => client.del('gateway:owner'), () => client.set('gateway:owner', 'text')]) {
    await gone()
    t.equal(await cache.hold({ ...v(2), database: other }, 0), 'done')
  }
  t.equal(await cache.cold(v(9), 'test'), 'done', 'nobody has claimed them')
})

t.test('cold claims the keys; a claim that has ended is made longer by nobody', async t => {
  const { cache, client, v } = await openScripts(t)
  const { database, identity } = v(1)
  const standing = () => cache.claim(identity, { database, name: 'test' }, 'standing')
  t.equal(await standing(), 'nobody')
  t.equal(await client.exists('gateway:owner'), 0)
  t.equal(await cache.cold(v(1), 'test'), 'done')
  t.equal(await client.get('gateway:owner'), `${database} test`)
  await client.pexpire('gateway:owner', 10_000)
  t.equal(await standing(), 'this-database')
  t.ok((await client.pttl('gateway:owner')) > 10_000)
  await client.pexpire('gateway:owner', 100_000_000)
  t.equal(await standing(), 'this-database')
  t.ok((await client.pttl('gateway:owner')) > 90_000_000, 'never shorter')
  await client.del('gateway:owner')
  t.equal(await cache.cold(v(1), 'test'), 'view', 'late, under a view that Redis holds already')
  t.equal(await standing(), 'nobody')
  const other = { database: 'ba9876543210-1-76543210', name: 'other' }
  t.equal(await cache.claim(identity, other, 'anew'), 'this-database')
  t.strictSame(await standing(), { another: 'other' })
})

t.test('put: over its own fence or an older value; heals a section of another version', async t => {
  const { cache, client, v } = await openScripts(t)
  await cache.adopt(v(1))
  const put = (version: number, nonce = NONCE) => cache.put(v(1), nonce, [entryOf(version)])
  t.equal(await put(5), 'refused', 'nothing is there')
  await cache.fence(v(1), NONCE, [{ keys: KEYS, min: 5 }])
  t.equal(await put(5, 'bbbbbbbbbbbbbbbb'), 'refused', 'the fence of another')
  t.equal(await put(5), 'done')
  t.equal(await put(4), 'refused')
  t.equal(await client.get(KEYS[0]), bytesOf(5))
  await client.set(KEYS[1], bytesOf(3))
  t.equal(await put(5), 'done')
  t.equal(await client.get(KEYS[1]), bytesOf(5))
  t.equal(await put(6), 'done', 'an older value')
  await cache.fence(v(1), NONCE, [{ keys: KEYS, min: 7 }])
  t.equal(await put(7), 'done')
  t.equal(await client.pttl(KEYS[0]), -1)
})

t.test(
  'fill: over nothing or a fence at <= version with the stamp of the reader; over an older value',
  async t => {
    const { cache, client, v } = await openScripts(t)
    await cache.adopt(v(1))
    const seen = async () => (await cache.makeStamps(v(1), [STAMP]))[0]!
    const fillWith = (version: number, stamp: string) => cache.fill(v(1), [{ ...entryOf(version), stamp }])
    const first = await seen()
    t.match(first, /^1\d{15}$/)
    t.equal(await seen(), first, 'made once')
    t.ok((await client.pttl(STAMP)) > 0, 'it expires while nothing is stored')
    t.equal(await fillWith(4, '1767700000000000'), 'refused', 'another stamp')
    t.equal(await fillWith(4, first), 'done')
    t.equal(await client.pttl(STAMP), -1)
    await client.del(...KEYS)
    t.equal(await fillWith(4, first), 'done', 'a fill leaves the stamp, so that another may follow')
    t.equal(await client.pttl(KEYS[0]), -1)
    await cache.fence(v(1), NONCE, [{ keys: KEYS, min: 5 }])
    await client.del(...KEYS)
    t.equal(await fillWith(4, first), 'refused', 'the row was read before that write')
    t.equal(await fillWith(5, await seen()), 'done')
    await cache.fence(v(1), NONCE, [{ keys: KEYS, min: 6 }])
    t.equal(await fillWith(5, await seen()), 'refused', 'the fence is newer')
    t.equal(await fillWith(6, first), 'refused')
    t.equal(await fillWith(6, await seen()), 'done')
    t.equal(await fillWith(5, await seen()), 'refused')
    t.equal(await fillWith(7, first), 'done', 'an older value')
    await client.set(KEYS[1], bytesOf(3))
    t.equal(await fillWith(7, first), 'done')
    t.equal(await client.get(KEYS[1]), bytesOf(7))
    await client.del(STAMP, ...KEYS)
    t.equal(await fillWith(7, first), 'refused', 'somebody deleted the stamp')
  },
)

t.test('the marker grows within one database, and starts anew in another', async t => {
  const { cache, v, foreign } = await openScripts(t)
  const { identity } = v(1)
  await cache.adopt(v(1))
  t.equal(await cache.readMarker(identity), null)
  t.equal(await cache.advanceMarker(v(1), NONCE, { xid: 1n, database: 'x/1' }), 'refused', 'nothing proposed')
  t.equal(await cache.proposeMarker(v(1), NONCE), 'done')
  for (const [xid, then] of [
    [99n, 99n],
    [100n, 100n],
    [9n, 100n],
    [1_000n, 1_000n],
  ] as const) {
    t.equal(await cache.advanceMarker(v(1), NONCE, { xid, database: 'x/1' }), 'done')
    t.strictSame(await cache.readMarker(identity), { xid: then, database: 'x/1' })
  }
  await cache.advanceMarker(v(1), NONCE, { xid: 5n, database: 'x/2' })
  t.strictSame(await cache.readMarker(identity), { xid: 5n, database: 'x/2' })
  await t.rejects(cache.readMarker(foreign(1).identity), /another dataset/)
})

t.test('after SCRIPT FLUSH every script is loaded again by itself', async t => {
  const { cache, sequence, client, v } = await openScripts(t)
  const day = { userId: 'u', day: '20260106' }
  const flushed = async <T>(work: () => Promise<T>) => {
    await client.script('FLUSH')
    return work()
  }
  t.equal(await flushed(() => cache.cold(v(1), 'test')), 'done')
  t.equal(await flushed(() => cache.adopt(v(2))), 'done')
  t.equal(await flushed(() => cache.fence(v(2), NONCE, FENCES)), 'done')
  t.equal(await flushed(() => cache.unfence(v(2), NONCE, entryOf(4))), 'done')
  t.equal(await flushed(() => cache.put(v(2), NONCE, [entryOf(5)])), 'done')
  t.equal(await flushed(() => fill(cache, v(2), 5)), 'done')
  t.equal(await flushed(() => cache.erase(v(2), NONCE, [{ keys: KEYS, min: 4 }])), 'refused')
  t.equal(await flushed(() => cache.proposeMarker(v(2), NONCE)), 'done')
  t.equal(await flushed(() => cache.advanceMarker(v(2), NONCE, MARKER)), 'done')
  const met = (await flushed(() => sequence.draw(v(2), day, 1, 0))) as Vacancy
  t.equal(await flushed(() => sequence.open(v(2), day, 1, met, { first: 1, last: 4 })), 1)
  t.equal(await flushed(() => sequence.draw(v(2), day, 2, 0)), 3)
  t.equal(await flushed(() => sequence.last(v(2), day)), 3)
  const heads = await flushed(() => headsOf(cache, KEYS))
  t.equal(heads, KEYS.map(() => bytesOf(5).slice(0, 64)).join('\n'))
})
