import t from 'tap'
import { type CacheIdentity, type CachePort, KeysElsewhereError } from '../../src/consistency/cache-port.ts'
import type { DatabaseCheck } from '../../src/consistency/database-check.ts'
import { Lease } from '../../src/consistency/lease.ts'
import type { Outage } from '../../src/consistency/outage.ts'
import {
  DatabaseUnavailableError,
  type ObserverPort,
  type StorePort,
  type View,
  type ViewSnapshot,
} from '../../src/consistency/ports.ts'
import { Renewal } from '../../src/consistency/renewal.ts'
import { viewText } from '../../src/consistency/token.ts'
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
  attended: true,
  gateHeld: false,
  marker: null,
}

/** Renewals of one partition (or of a single Redis), which see what the test says. */
function renewals({ alwaysCold = true } = {}) {
  const sight: { redis: CacheIdentity | Error; database: boolean } = { redis: SEEN, database: true }
  const off: string[] = []
  const claims: string[] = []
  const snapshot: ViewSnapshot = {
    view: VIEW,
    database: DATABASE,
    moved: null,
    nextXid: 10n,
    oldestXid: 9n,
    server: 's',
    handoversWait: false,
    otherLayout: 'none',
  }
  const cache = {
    usable: true,
    identify: async () => {
      if (sight.redis instanceof Error) throw sight.redis
      return sight.redis
    },
    claim: async (_identity: unknown, { database }: { database: string }) => {
      claims.push(database)
      return null
    },
    proposeMarker: async () => 'done',
    advanceMarker: async () => 'done',
  } as unknown as CachePort
  const store = {
    readView: async () => {
      if (!sight.database) throw new DatabaseUnavailableError('away')
      return snapshot
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

t.test('a partition that no instance has looked at for a while is cold; a single Redis is not', async t => {
  const partition = renewals()
  partition.sight.redis = { ...SEEN, attended: false }
  await partition.renewal.renew()
  t.strictSame(partition.off, ['redis-unattended'])
  t.notOk(partition.lease.current())
  partition.sight.redis = { ...SEEN, attended: false, identity: ANOTHER }
  await partition.renewal.renew()
  t.strictSame(partition.off, ['redis-unattended', 'redis-identity'])
  const single = renewals({ alwaysCold: false })
  single.sight.redis = { ...SEEN, attended: false }
  await single.renewal.renew()
  t.strictSame(single.off, [])
  t.ok(single.lease.current())
})

t.test('through an outage of the database the claim lasts as long as nothing but V is seen', async t => {
  const { renewal, sight, claims } = renewals()
  sight.database = false
  await t.rejects(renewal.renew())
  t.strictSame(claims, [], 'nothing is known of V yet')
  sight.database = true
  await renewal.renew()
  sight.database = false
  await t.rejects(renewal.renew())
  t.strictSame(claims, [DATABASE, DATABASE])
  sight.redis = new KeysElsewhereError('TRYAGAIN', IDENTITY)
  await t.rejects(renewal.renew())
  sight.redis = SEEN
  await t.rejects(renewal.renew())
  t.equal(claims.length, 2, 'a slot that was on its way is not watched any more')
})
