import t from 'tap'
import type { CachePort, Marker } from '../../src/consistency/cache-port.ts'
import { DatabaseCheck, type DatabaseCheckDeps, SET_BACK } from '../../src/consistency/database-check.ts'
import type { DatabaseState } from '../../src/consistency/views.ts'

const DATABASE = '0123456789ab-1-00000001'
const SERVER = 'started again'
/** A transaction that Redis has seen the end of, and that the database has not begun. */
const LOST: Marker = { database: DATABASE, xid: 200n }
const STATE: DatabaseState = { database: DATABASE, moved: null, nextXid: 150n, server: SERVER }

/** A process that has just started, with a Redis whose answers the test decides. */
function freshCheck() {
  const redis: { usable: boolean; marker: Marker | null | undefined } = { usable: true, marker: undefined }
  const cache = {
    get usable() {
      return redis.usable
    },
    readMarker: async () => {
      if (redis.marker === undefined) throw new Error('not connected yet')
      return redis.marker
    },
  } satisfies Partial<CachePort>
  const begun: string[] = []
  const store = { beginIncarnation: async (_: string, reason: string) => void begun.push(reason) }
  const deps = { cache, store, lease: { drop: () => {} } } as unknown as DatabaseCheckDeps
  const tx = { server: SERVER, look: async () => STATE, rollback: async () => {} }
  return { check: new DatabaseCheck(deps), redis, begun, tx }
}

t.test('a process that met a database that was set back before it reached Redis asks again', async t => {
  const { check, redis, begun, tx } = freshCheck()
  t.equal(await check.accept(STATE, await check.marker(), check.latest), true, 'nothing tells yet')
  t.equal(check.knows(SERVER), false, 'order numbers of it are burned')
  redis.marker = LOST
  t.equal(await check.admits(tx), false, 'the first write is not stored in the old incarnation')
  t.strictSame(begun, [SET_BACK])
})

t.test('a server is known at once when Redis was asked', async t => {
  const { check, redis } = freshCheck()
  redis.marker = null
  await check.accept(STATE, await check.marker(), check.latest)
  t.equal(check.knows(SERVER), true)
})

t.test('while Redis is away one look is enough', async t => {
  const { check, redis, tx } = freshCheck()
  redis.usable = false
  t.equal(check.knows(SERVER), false)
  t.equal(await check.admits(tx), true)
  t.equal(check.knows(SERVER), true)
})

t.test('a Redis that never tells its marker keeps nobody waiting for long', async t => {
  const { check } = freshCheck()
  let looks = 0
  while (!check.knows(SERVER) && looks < 10) {
    looks++
    await check.accept(STATE, await check.marker(), check.latest)
  }
  t.equal(looks, 4)
})

t.test('a look that another one overtakes is no set-back: it is made again', async t => {
  const { check, redis, begun, tx } = freshCheck()
  redis.marker = null
  const newer = { ...STATE, server: 'the same', nextXid: STATE.nextXid + 1n }
  const overtaken = {
    ...tx,
    look: async () => {
      // A renewal, whose connection is quicker.
      await check.accept(newer, null, check.latest)
      return STATE
    },
  }
  t.equal(await check.admits(overtaken), false)
  t.equal(await check.accept(STATE, null, undefined), false, 'the same for a renewal that a write overtakes')
  t.strictSame(begun, [])
  t.equal(await check.accept(newer, null, check.latest), true)
  t.equal(
    await check.accept(STATE, null, check.latest),
    false,
    'but a state behind what was seen before it is one',
  )
  t.strictSame(begun, [SET_BACK])
})
