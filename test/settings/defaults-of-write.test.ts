import t from 'tap'
import type { Row } from '../../src/consistency/document-rows.ts'
import { DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import { type WriteDeps, Writer } from '../../src/consistency/write.ts'
import { WriteSlots } from '../../src/consistency/write-slots.ts'
import { AdminDefaultsCache } from '../../src/settings/admin-defaults-cache.ts'
import { DEFAULTS_REF } from '../../src/settings/document-refs.ts'
import { clockByHand } from '../helper/clock.ts'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const fail = () => Promise.reject(new Error('a write does not read the cache'))
const unused = { read: fail, refill: fail }

/** Defaults in a database of one row. */
function defaultsIn(database: { row?: Row; away?: boolean }) {
  let reads = 0
  const cache = new AdminDefaultsCache(unused, {
    readRows: async () => {
      reads++
      if (database.away) throw new DatabaseUnavailableError('away')
      return { rows: database.row === undefined ? [] : [database.row], epoch: null }
    },
  })
  return { cache, reads: () => reads }
}

const row = (version: number, data: string | null = `{"preferences":{"note":${version}}}`): Row => ({
  ref: DEFAULTS_REF,
  version,
  updatedAt: '2026-01-06T12:00:00.000Z',
  data,
})

t.test('a write reads the row only when its transaction sees another version than the one held', async t => {
  const database = { row: row(3) }
  const { cache, reads } = defaultsIn(database)
  const first = cache.forWrite()
  const second = cache.forWrite()
  await Promise.all([first.prepare(3), second.prepare(3)])
  t.equal(reads(), 1, 'writes that wait at the same time share the read')
  t.equal(first.prepare(3), undefined)
  t.strictSame(first.data.preferences, { note: 3 })
  database.row = row(4)
  const later = cache.forWrite()
  await later.prepare(4)
  t.equal(later.prepare(4), undefined)
  t.strictSame(later.data.preferences, { note: 4 })
  t.equal(reads(), 2)
})

t.test('no defaults, deleted ones, and a database that is away are told apart', async t => {
  const database: { row?: Row; away?: boolean } = {}
  const { cache } = defaultsIn(database)
  await t.rejects(cache.forWrite().prepare(null)!, { code: 'NOT_READY' })
  database.row = row(5, null)
  await t.rejects(cache.forWrite().prepare(null)!, { code: 'NOT_READY' })
  database.away = true
  await t.rejects(cache.forWrite().prepare(5)!, DatabaseUnavailableError)
})

t.test(
  'a decision that cannot be prepared rejects its write alone, however long the ROLLBACK takes',
  async t => {
    const rollback = Promise.withResolvers<void>()
    let begun = 0
    const clock = clockByHand()
    const writer = new Writer({
      store: {
        beginWrite: async () => {
          begun++
          return { defaultsVersion: 3, unlocked: [], rollback: () => rollback.promise }
        },
      },
      clock,
      writeSlots: new WriteSlots(1, clock),
      outage: { lastDraining: Number.NEGATIVE_INFINITY },
      handover: { handle: () => {} },
    } as unknown as WriteDeps)
    const failure = new Error('not loaded')
    const written = writer.write(
      [{ userId: '42', kind: 'settings' }],
      () => ({ changes: [], result: undefined }),
      { updatedBy: 'test', reason: 'put' },
      () => Promise.reject(failure),
    )
    // Time enough for an unhandled rejection, which would end the process.
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
    rollback.resolve()
    await t.rejects(written, failure)
    t.equal(begun, 1)
  },
)

t.test('writes need no second connection while they hold one', async t => {
  const { gateway } = await startStack(t, { DATABASE_POOL_SIZE: '2' })
  const users = Array.from({ length: 12 }, (_, i) => `user-${i}`)
  const url = '/api/user/settings'
  await Promise.all(users.map(user => gateway.as(user, { url })))
  for (const note of [1, 2]) {
    const changed = await gateway.app.inject({
      method: 'PUT',
      url: '/api/admin/defaults',
      headers: ADMIN,
      payload: { preferences: { note } },
    })
    t.equal(changed.statusCode, 200)
    const replies = await Promise.all(
      users.map(user => gateway.as(user, { method: 'PUT', url, payload: { preferences: { own: note } } })),
    )
    t.strictSame(new Set(replies.map(({ statusCode }) => statusCode)), new Set([200]))
  }
})
