import fc from 'fast-check'
import t from 'tap'
import type { RedisOwner } from '../../src/consistency/cache-port.ts'
import { isVacancy, type Vacancy } from '../../src/sequence/ports.ts'
import { SOUND } from '../simulation/build.ts'
import { Random } from '../simulation/random.ts'
import { ownerOf, RedisScripts } from '../simulation/redis-scripts.ts'
import { RedisServer } from '../simulation/redis-server.ts'
import { keysOf, SequenceScripts } from '../simulation/sequence-scripts.ts'
import { bytesOf, DATABASE, entryOf, headsOf, openScripts } from './redis-script-access.ts'

/** The in-memory Redis of the simulation against the real scripts on a real Redis: same calls, same answers, same keys. */

const DOCUMENTS = [['user:u:d0', 'user:u:d0:section'], ['user:u:d1']]
const SETTINGS = 'user:u:settings:trading'
const STAMP = 'gateway:stamp:u'
const OWNER = 'gateway:owner'
/** The clock in memory stands; claims in Redis outlast the test. */
const NOW = 1
const CLAIMED_UNTIL = 2
/** A stamp that is gone. */
const LATE = '1111111111111111'
const DAY = { userId: 'u', day: '20260106' }
const RUNS = 60

/** The highest stamp there is, when a change of two documents of its user raises it: once, above what counts as a stamp. */
const FULL_STAMP: Command[] = [
  { name: 'stamp', epoch: 1, foreign: false, text: '8999999999999999' },
  { name: 'fence', epoch: 1, foreign: false, version: 1, nonce: 'aaaaaaaaaaaaaaaa', documents: DOCUMENTS },
]

const epoch = fc.integer({ min: 1, max: 3 })
const version = fc.integer({ min: 1, max: 4 })
const nonce = fc.constantFrom('aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb')
const documents = fc.subarray(DOCUMENTS, { minLength: 1 })
const base = { epoch, foreign: fc.integer({ min: 0, max: 9 }).map(dice => dice === 0) }

const command = fc.oneof(
  fc.record({ name: fc.constant('fence' as const), ...base, version, nonce, documents }),
  fc.record({ name: fc.constant('put' as const), ...base, version, nonce, documents }),
  fc.record({ name: fc.constant('stamps' as const), ...base }),
  fc.record({
    name: fc.constant('fill' as const),
    ...base,
    version,
    documents,
    late: fc.integer({ min: 0, max: 3 }).map(dice => dice === 0),
  }),
  fc.record({ name: fc.constant('delete' as const), ...base, documents }),
  fc.record({ name: fc.constant('unfence' as const), ...base, version, nonce, documents }),
  fc.record({ name: fc.constant('erase' as const), ...base, version, nonce, documents }),
  fc.record({ name: fc.constant('adopt' as const), ...base }),
  fc.record({ name: fc.constant('cold' as const), ...base }),
  fc.record({
    name: fc.constant('claim' as const),
    ...base,
    database: fc.constantFrom(DATABASE, 'ba9876543210-1-76543210'),
    kind: fc.constantFrom('anew' as const, 'standing' as const, 'standing' as const),
  }),
  fc.record({ name: fc.constant('unclaim' as const), ...base }),
  fc.record({
    name: fc.constant('marker' as const),
    ...base,
    nonce,
    xid: fc.bigInt(8n, 120n),
    database: fc.constantFrom('x/1', 'x/2'),
  }),
  fc.record({ name: fc.constant('propose' as const), ...base, nonce }),
  fc.record({
    name: fc.constant('draw' as const),
    ...base,
    count: version,
    settings: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    name: fc.constant('open' as const),
    ...base,
    count: version,
    first: fc.integer({ min: 1, max: 20 }),
    stale: fc.integer({ min: 0, max: 3 }).map(dice => dice === 0),
  }),
  fc.record({ name: fc.constant('last' as const), ...base }),
  fc.record({
    name: fc.constant('heads' as const),
    ...base,
    keys: fc.subarray([...DOCUMENTS.flat(), SETTINGS, 'gateway:view'], { minLength: 1 }),
  }),
  fc.record({ name: fc.constant('set' as const), ...base, version, section: fc.boolean() }),
  fc.record({
    name: fc.constant('stamp' as const),
    ...base,
    text: fc.constantFrom(
      '',
      '7',
      'a text as long as one',
      '1700000000000000',
      '8999999999999999',
      '9223372036854775807',
    ),
  }),
  fc.record({ name: fc.constant('unstamp' as const), ...base }),
  fc.record({
    name: fc.constant('counter' as const),
    ...base,
    key: fc.constantFrom(...keysOf(DAY)),
    text: fc.constantFrom(
      '7',
      '8888888888888888',
      '77777777777777777',
      'ticket 5 7 3',
      'ticket 5 - 3',
      'a text',
      '',
      null,
    ),
  }),
  fc.record({ name: fc.constant('flushall' as const), ...base }),
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** What is no script under a V. */
const PLAIN: ReadonlySet<Command['name']> = new Set([
  'heads',
  'set',
  'counter',
  'stamp',
  'unstamp',
  'delete',
  'unclaim',
  'flushall',
])

/** The stamp of the real Redis and that in memory, whose clocks are not the same. */
type Stamps = readonly [string | null, string | null]

function moveOf(before: string | null, now: string | null): string {
  if (now === before) return 'rests'
  if (now === null || now.length < 16) return `is ${now}`
  if (!/^1\d{15}$/.test(now)) return `is ${now}`
  return before !== null && /^\d{16}$/.test(before) && now <= before ? 'falls' : 'grows'
}

function nameOf(owner: RedisOwner): string {
  return typeof owner === 'object' ? `another: ${owner.another}` : owner
}

/** Tickets are the microseconds of the server. */
function withoutTicket(answer: unknown): unknown {
  return typeof answer === 'string' ? answer.replace(/^(block|ticket) \d+ /, '$1 ') : answer
}

t.test('the in-memory scripts answer and store what the real ones do', async t => {
  const real = await openScripts(t)
  const scripts = new RedisScripts(SOUND.scripts)
  const sequences = new SequenceScripts(SOUND.sequence)
  const random = new Random(1)
  /** What the last draws met: the tickets of the two servers differ. */
  const met: { real: Vacancy; memory: Vacancy } = { real: 'used 0', memory: 'used 0' }
  /** The stamps that the last readers saw: those of the two servers differ. */
  const seen = { real: LATE, memory: LATE }
  const keep = (made: readonly string[] | 'view', server: keyof typeof seen) => {
    if (made === 'view') return 'view'
    seen[server] = made[0]!
    return 'stamps'
  }
  const view = (which: Command) => (which.foreign ? real.foreign(which.epoch) : real.v(which.epoch))

  const onReal = (c: Command): Promise<unknown> => {
    const v = view(c)
    switch (c.name) {
      case 'fence':
        return real.cache.fence(
          v,
          c.nonce,
          c.documents.map(keys => ({ keys, min: c.version })),
        )
      case 'put':
        return real.cache.put(
          v,
          c.nonce,
          c.documents.map(keys => entryOf(c.version, keys)),
        )
      case 'stamps':
        return real.cache.makeStamps(v, [STAMP]).then(made => keep(made, 'real'))
      case 'fill':
        return real.cache.fill(
          v,
          c.documents.map(keys => ({ ...entryOf(c.version, keys), stamp: c.late ? LATE : seen.real })),
        )
      case 'delete':
        return real.client.del(c.documents.flat()).then(() => 'OK')
      case 'unfence':
        return real.cache.unfence(v, c.nonce, entryOf(c.version, c.documents[0]))
      case 'erase':
        return real.cache.erase(
          v,
          c.nonce,
          c.documents.map(keys => ({ keys, min: c.version })),
        )
      case 'adopt':
        return real.cache.adopt(v)
      case 'cold':
        return real.cache.cold(v, v.database)
      case 'claim': {
        const claimant = { database: c.database, name: c.database }
        return real.cache.claim(v.identity, claimant, c.kind).then(nameOf, () => 'view')
      }
      case 'unclaim':
        return real.client.del(OWNER).then(() => 'OK')
      case 'marker':
        return real.cache.advanceMarker(v, c.nonce, { xid: c.xid, database: c.database })
      case 'propose':
        return real.cache.proposeMarker(v, c.nonce)
      case 'draw':
        return real.sequence.draw(v, DAY, c.count, c.settings)
      case 'open':
        return real.sequence.open(v, DAY, c.count, c.stale ? 'used 0' : met.real, {
          first: c.first,
          last: c.first + 4,
        })
      case 'last':
        return real.sequence.last(v, DAY)
      case 'heads':
        return headsOf(real.cache, c.keys)
      case 'set':
        return real.client.set(c.section ? 'user:u:d0:section' : SETTINGS, bytesOf(c.version))
      case 'stamp':
        return real.client.set(STAMP, c.text)
      case 'unstamp':
        return real.client.del(STAMP).then(() => 'OK')
      case 'counter':
        if (c.text === null) return real.client.del(c.key).then(() => 'OK')
        return real.client.set(c.key, c.text)
      case 'flushall':
        return real.client.flushall()
    }
  }

  const inMemory = (server: RedisServer, c: Command): unknown => {
    const v = view(c)
    switch (c.name) {
      case 'fence':
        return scripts.fence(
          server,
          v,
          c.nonce,
          c.documents.map(keys => ({ keys, min: c.version })),
        )
      case 'put':
        return scripts.put(
          server,
          v,
          c.nonce,
          c.documents.map(keys => entryOf(c.version, keys)),
        )
      case 'stamps': {
        const made = scripts.makeStamps(server, v, [STAMP])
        return keep(c.foreign ? 'view' : made, 'memory')
      }
      case 'fill':
        return scripts.fill(
          server,
          v,
          c.documents.map(keys => ({ ...entryOf(c.version, keys), stamp: c.late ? LATE : seen.memory })),
        )
      case 'delete':
        for (const key of c.documents.flat()) server.delete(key)
        return 'OK'
      case 'unfence':
        return scripts.unfence(server, v, c.nonce, entryOf(c.version, c.documents[0]))
      case 'erase':
        return scripts.erase(
          server,
          v,
          c.nonce,
          c.documents.map(keys => ({ keys, min: c.version })),
        )
      case 'adopt':
        return scripts.adopt(server, v, NOW)
      case 'cold':
        return scripts.cold(server, v, NOW, CLAIMED_UNTIL)
      case 'claim':
        return nameOf(scripts.claim(server, c.database, NOW, CLAIMED_UNTIL, c.kind))
      case 'unclaim':
        server.delete(OWNER)
        return 'OK'
      case 'marker':
        return scripts.advanceMarker(server, v, c.nonce, { xid: c.xid, database: c.database })
      case 'propose':
        return scripts.proposeMarker(server, v, c.nonce)
      case 'draw':
        return sequences.draw(server, v, DAY, c.count, c.settings)
      case 'open':
        return sequences.open(server, v, DAY, c.count, c.stale ? 'used 0' : met.memory, {
          first: c.first,
          last: c.first + 4,
        })
      case 'last':
        return sequences.last(server, v, DAY)
      case 'heads':
        return scripts.heads(server, c.keys).toString()
      case 'set':
        server.set(c.section ? 'user:u:d0:section' : SETTINGS, bytesOf(c.version))
        return 'OK'
      case 'stamp':
        server.set(STAMP, c.text)
        return 'OK'
      case 'unstamp':
        server.delete(STAMP)
        return 'OK'
      case 'counter':
        if (c.text === null) server.delete(c.key)
        else server.set(c.key, c.text)
        return 'OK'
      case 'flushall':
        server.flush()
        return 'OK'
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 60 }), async commands => {
      await real.client.flushall()
      const server = new RedisServer(random, [], real.v(1).identity)
      // The clock in memory starts anew: a stamp of the run before could be that of this one.
      Object.assign(seen, { real: LATE, memory: LATE })
      Object.assign(met, { real: 'used 0', memory: 'used 0' })
      let stamps: Stamps = [null, null]
      for (const c of [{ name: 'adopt', epoch: 1, foreign: false } as const, ...commands]) {
        const done = server.atomically(() => inMemory(server, c))
        // A script does its work on another dataset as well, but its answer does not count.
        const answer = c.foreign && !PLAIN.has(c.name) ? 'view' : done
        const really = await onReal(c)
        if (isVacancy(really)) met.real = really
        if (isVacancy(answer)) met.memory = answer
        if (withoutTicket(really) !== withoutTicket(answer))
          throw new Error(`${c.name}: Redis answers ${really}, memory ${answer}`)
        const wrong = await difference(server)
        if (wrong !== undefined) throw new Error(`after ${c.name}: ${wrong}`)
        const now: Stamps = [await real.client.get(STAMP), server.get(STAMP) ?? null]
        const [moved, movedInMemory] = now.map((stamp, at) => moveOf(stamps[at] ?? null, stamp))
        if (moved !== movedInMemory)
          throw new Error(`after ${c.name}: the stamp ${moved}, in memory ${movedInMemory}`)
        stamps = now
      }
    }),
    { numRuns: RUNS, examples: [[FULL_STAMP]] },
  )
  t.pass('all keys were equal after each call')

  async function difference(server: RedisServer): Promise<string | undefined> {
    const keys = [
      ...DOCUMENTS.flat(),
      SETTINGS,
      ...keysOf(DAY),
      'gateway:deleted:u',
      'gateway:view',
      'gateway:marker',
      'gateway:proposal',
    ]
    const owner = (await real.client.get(OWNER))?.split(' ')[0]
    if (owner !== ownerOf(server, NOW)) return `${OWNER}: ${owner} / ${ownerOf(server, NOW)}`
    const stored = await real.client.mget(keys)
    for (const [index, key] of keys.entries())
      if (withoutTicket(stored[index]) !== withoutTicket(server.get(key) ?? null))
        return `${key}: ${stored[index]} / ${server.get(key)}`
    return undefined
  }
})
