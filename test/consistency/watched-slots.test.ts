import t from 'tap'
import {
  type CacheIdentity,
  type CachePort,
  type ClaimKind,
  KeysElsewhereError,
} from '../../src/consistency/cache-port.ts'
import type { DatabaseCheck } from '../../src/consistency/database-check.ts'
import { Lease } from '../../src/consistency/lease.ts'
import type { Outage } from '../../src/consistency/outage.ts'
import type { ObserverPort } from '../../src/consistency/ports.ts'
import { Renewal } from '../../src/consistency/renewal.ts'
import { DatabaseUnavailableError, type StorePort } from '../../src/consistency/store-port.ts'
import { viewText } from '../../src/consistency/token.ts'
import type { View, ViewSnapshot } from '../../src/consistency/views.ts'
import { clockByHand } from '../helper/clock.ts'

const IDENTITY = { runId: 'a'.repeat(40), replicationId: 'b'.repeat(40) }
const ANOTHER = { ...IDENTITY, runId: 'c'.repeat(40) }
const DATABASE = '0123456789ab-1-01234567'
const V = { epoch: 7, database: DATABASE, identity: IDENTITY }
const VIEW: View = {
  mode: 'ON',
  epoch: V.epoch,
  drained: false,
  identity: IDENTITY,
  database: DATABASE,
  reason: 'gate',
  leaseMs: 1_000,
}
const SEEN: CacheIdentity = {
  connection: 1,
  identity: IDENTITY,
  role: 'master',
  view: viewText(V),
  gateHeld: false,
  marker: null,
}

/** Renewals of one partition (or of a single Redis), which see what the test says. */
function renewals({ alwaysCold = true } = {}) {
  const sight: { redis: CacheIdentity | Error; database: boolean; claimed: boolean; view: View } = {
    redis: SEEN,
    database: true,
    claimed: true,
    view: VIEW,
  }
  const off: string[] = []
  const claims: string[] = []
  const snapshot = (): ViewSnapshot => ({
    view: sight.view,
    database: DATABASE,
    moved: null,
    nextXid: 10n,
    oldestXid: 9n,
    server: 's',
    handoversWait: false,
    otherLayout: 'none',
  })
  const cache = {
    usable: true,
    identify: async () => {
      if (sight.redis instanceof Error) throw sight.redis
      return sight.redis
    },
    claim: async (_identity: unknown, { database }: { database: string }, kind: ClaimKind) => {
      claims.push(database)
      return kind === 'anew' || sight.claimed ? 'this-database' : 'nobody'
    },
    proposeMarker: async () => 'done',
    advanceMarker: async () => 'done',
  } as unknown as CachePort
  const store = {
    readView: async () => {
      if (!sight.database) throw new DatabaseUnavailableError('away')
      return snapshot()
    },
  } as unknown as StorePort
  const clock = { ...clockByHand(), wall: () => 0, random: () => 0, nonce: () => 'f'.repeat(16) }
  const lease = new Lease(clock, 1_000)
  const renewal = new Renewal({
    store,
    cache,
    clock,
    lease,
    observer: { failed: () => {} } as unknown as ObserverPort,
    outage: { turnOff: async (_epoch: number, reason: string) => void off.push(reason) } as unknown as Outage,
    check: {
      seen: undefined,
      accept: async () => true,
      marker: async () => null,
    } as unknown as DatabaseCheck,
    leaseMs: 1_000,
    databaseName: 'test',
    alwaysCold,
  })
  return { renewal, sight, off, claims, lease }
}

t.test('a node of V that does not hold all keys ends the view; another one does not', async t => {
  const { renewal, sight, off, lease } = renewals()
  await renewal.renew()
  t.ok(lease.current())
  sight.redis = new KeysElsewhereError('MOVED', ANOTHER)
  await renewal.renew()
  t.strictSame(off, [])
  sight.redis = new KeysElsewhereError('TRYAGAIN', IDENTITY)
  await renewal.renew()
  t.strictSame(off, ['redis-slot-moving'])
})

t.test('a partition whose claim has ended is cold; a single Redis is not', async t => {
  const partition = renewals()
  partition.sight.claimed = false
  await partition.renewal.renew()
  t.strictSame(partition.off, ['redis-unattended'])
  t.notOk(partition.lease.current())
  const single = renewals({ alwaysCold: false })
  single.sight.claimed = false
  await single.renewal.renew()
  t.strictSame(single.off, [])
  t.ok(single.lease.current())
})

t.test(
  'keys of V on another node end the view, and are not claimed there; a single Redis is asked again',
  async t => {
    const { renewal, sight, off, claims } = renewals()
    sight.redis = { ...SEEN, identity: ANOTHER }
    await renewal.renew()
    t.strictSame(off, ['redis-identity'])
    t.strictSame(claims, [])
    const single = renewals({ alwaysCold: false })
    single.sight.redis = { ...SEEN, identity: ANOTHER }
    await single.renewal.renew()
    t.strictSame(single.off, ['redis-identity'])
    t.strictSame(single.claims, [DATABASE])
  },
)

t.test('through an outage of the database the claim of V lasts', async t => {
  const { renewal, sight, claims, off } = renewals()
  sight.database = false
  await t.rejects(renewal.renew())
  t.strictSame(claims, [], 'nothing is known of V yet')
  sight.database = true
  await renewal.renew()
  sight.database = false
  await t.rejects(renewal.renew())
  t.strictSame(claims, [DATABASE, DATABASE])
  sight.redis = new Error('away')
  await t.rejects(renewal.renew())
  t.equal(claims.length, 2)
  sight.redis = SEEN
  await t.rejects(renewal.renew())
  t.equal(claims.length, 3, 'it stands or it does not')
  sight.database = true
  await renewal.renew()
  t.strictSame(off, [])
})

for (const [what, redis, reason] of [
  ['on its way', new KeysElsewhereError('TRYAGAIN', IDENTITY), 'redis-slot-moving'],
  ['on another node', { ...SEEN, identity: ANOTHER }, 'redis-identity'],
] as const)
  t.test(
    `a slot seen ${what} while the database was away ends the view later, though it is back`,
    async t => {
      const { renewal, sight, off, lease } = renewals()
      await renewal.renew()
      sight.database = false
      sight.redis = redis
      await t.rejects(renewal.renew())
      sight.redis = SEEN
      await t.rejects(renewal.renew())
      sight.database = true
      await renewal.renew()
      t.strictSame(off, [reason])
      sight.view = { ...VIEW, epoch: 9 }
      sight.redis = { ...SEEN, view: viewText({ ...V, epoch: 9 }) }
      await renewal.renew()
      t.strictSame(off, [reason], 'another V')
      t.equal(lease.current()?.v.epoch, 9)
    },
  )
