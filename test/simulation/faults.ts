import { headOf } from '../../src/consistency/stored-bytes.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
import { DRAWING_DAY, DRAWING_USERS, dataOf, SIM_CODEC } from './documents.ts'
import type { Gateway } from './gateway.ts'
import type { Random } from './random.ts'
import { floorsIn, markerIn } from './redis-scripts.ts'
import { isPutBack, keysOf } from './sequence-scripts.ts'
import type { World } from './world.ts'

/** One fault; what lasts ends by itself. */
type Fault = (world: World) => void

/** Entries that the tail of an AOF, or a lagging replica, lacks. */
const MAX_LOST = 12

function lostBy(random: Random): () => number {
  return () => random.int(MAX_LOST)
}

/** Whether the marker tells that the last backup lacks something. */
function isKnownToRedis({ postgres, redis }: World): boolean {
  const marker = markerIn(redis.primary.get(PLAIN_NAMES.marker))
  return marker?.database === postgres.state.database && postgres.canSetBack(marker.xid)
}

const FAULTS = {
  'gateway-kill': world => world.gateways.pick().kill(),
  'gateway-stop': ({ gateways, random }) => gateways.pick().process.stop(random.between(50, 2_500), false),
  'gateway-suspend': ({ gateways, random }) => gateways.pick().process.stop(random.between(50, 2_500), true),
  'wall-clock-jump': ({ gateways, random }) => gateways.pick().process.jumpWall(random.between(0, 3_000)),
  'redis-cut': world => world.gateways.pick().cutRedis(world.random.between(50, 2_000)),
  'redis-cut-off': ({ gateways, random }) => gateways.all[0]?.cutRedis(random.between(2_000, 8_000)),
  'redis-reconnect': world => world.gateways.pick().reconnectRedis(),
  'redis-restart': ({ redis, random }) => redis.restart(random.int(MAX_LOST), random.between(0, 600)),
  'redis-failover': ({ redis, random }) => redis.failover(random.int(MAX_LOST), random.between(0, 2_500)),
  'redis-demotion': ({ redis, random }) => redis.demote(random.int(MAX_LOST), random.between(0, 2_500)),
  'redis-there-and-back': ({ redis, random }) => redis.thereAndBack(random.int(MAX_LOST)),
  'redis-replica-attached': ({ redis }) => redis.attachReplica(),
  'redis-flushall': ({ redis }) => redis.flushAll(),
  'key-by-hand': ({ redis, refs, random, checker }) => {
    const ref = random.pick(refs)
    const keys = SIM_CODEC.keys(ref)
    const tombstone = PLAIN_NAMES.tombstone(ref.userId)
    const key = random.pick([...keys, PLAIN_NAMES.stamp(ref.userId), tombstone])
    const head = headOf(Buffer.from(redis.primary.get(key) ?? ''))
    if (key === keys[0] && head.type === 'fence') checker.fenceRemoved(ref, head.min)
    // It stands for the fences of the deletions that it names.
    const floors = key === tombstone ? floorsIn(redis.primary, tombstone) : undefined
    for (const each of floors === undefined ? [] : refs) {
      const floor = floors?.get(SIM_CODEC.keys(each)[0]!)
      if (floor !== undefined) checker.fenceRemoved(each, floor - 1)
    }
    redis.editByHand(key, undefined)
  },
  'stamp-by-hand': ({ redis, refs, random }) => {
    const another = 10 ** 15 + random.int(8 * 10 ** 15)
    const value = random.pick([undefined, undefined, '', '0', 'a text of some length', String(another)])
    redis.editByHand(PLAIN_NAMES.stamp(refs[0]!.userId), value)
  },
  'counter-by-hand': ({ redis, random, postgres, sequenceChecker }) => {
    const [user, another] = DRAWING_USERS.map(userId => ({ userId, day: DRAWING_DAY }))
    const [own, others] = [keysOf(user!), keysOf(another!)]
    const at = random.int(own.length)
    const former = redis.primary.formerValues(own[at]!)
    const before = former.length === 0 ? undefined : random.pick(former)
    const value = random.pick([undefined, '0', '1', 'text', before, before, redis.primary.get(others[at]!)])
    redis.editByHand(own[at]!, value)
    if (isPutBack(redis.primary, user!)) sequenceChecker.putBack(user!.userId, postgres.highWaterOf(user!))
  },
  'cluster-move': ({ cluster }) => cluster?.move(),
  'cluster-seize': ({ cluster }) => cluster?.seize(),
  'cluster-restart': ({ cluster, random }) => cluster?.restart(lostBy(random), random.between(0, 600)),
  'cluster-forget': ({ cluster, random }) => cluster?.forget(lostBy(random), random.between(0, 1_500)),
  // CLUSTER FAILOVER: the replica has everything, and the former primary follows it at once.
  'cluster-failover': ({ cluster, random }) => cluster?.failover(() => 0, random.between(0, 60), false),
  // FORCE and TAKEOVER, or an election: it may lag, and the former primary may not know.
  'cluster-takeover': ({ cluster, random }) =>
    cluster?.failover(lostBy(random), random.between(0, 2_500), random.chance(0.5)),
  'cluster-there-and-back': ({ cluster, random }) => cluster?.thereAndBack(lostBy(random)),
  'cluster-replica-attached': ({ cluster }) => cluster?.attachReplica(),
  'cluster-flushall': ({ cluster }) => cluster?.flushAll(),
  'cluster-freeze': ({ cluster, random }) => cluster?.freeze(random.between(20, 800)),
  'redis-freeze': ({ redis, random }) => redis.freeze(random.between(20, 800)),
  'redis-out-of-memory': ({ redis, random }) => redis.fill(random.between(50, 1_500)),
  'postgres-cut': world => world.gateways.pick().cutPostgres(world.random.between(50, 2_000)),
  'postgres-restart': ({ postgres, random }) => postgres.restart(random.between(0, 500), false),
  'postgres-promotion': ({ postgres, random }) => postgres.restart(random.between(0, 300), true),
  'postgres-backup': ({ postgres }) => postgres.backUp(),
  // Redis, or a process, must have heard of a transaction that is lost: nobody else could tell.
  'postgres-set-back': world => {
    if (!isKnownToRedis(world)) return
    const { postgres, checker, random } = world
    checker.setBack(postgres.setBack(random.between(0, 300)))
  },
  // The same for instances that cannot ask Redis: each has seen a transaction that is lost. An instance that has not, and
  // is the first to look, writes and draws in the old incarnation: outside the promise, as docs/postgresql.md says.
  'postgres-long-set-back': world => {
    const { postgres, gateways } = world
    const hasSeen = ({ protocol: { check } }: Gateway) =>
      check.database === postgres.state.database && postgres.canSetBack(check.latest?.xid ?? 0n)
    if (gateways.all.every(hasSeen)) FAULTS['postgres-set-back'](world)
  },
  'postgres-terminate': ({ postgres, random }) => {
    if (postgres.sessions.size > 0) random.pick([...postgres.sessions]).end()
  },
  // Not between a set-back and its notice, as docs/postgresql.md asks: its transaction takes the place of a lost one, and
  // after as many as were lost nothing tells that any was.
  'edit-by-hand': ({ postgres, refs, random }) => {
    if (postgres.up && !postgres.setBackUnnoticed)
      void postgres.editByHand(random.pick(refs), dataOf(`psql ${random.hex(6)}`))
  },
} satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS

/** Beside others nobody may be left who could notice. */
const ONLY_IN_FOCUS: readonly string[] = ['postgres-backup', 'postgres-set-back', 'postgres-long-set-back']

const NAMES = (Object.keys(FAULTS) as readonly FaultName[]).filter(name => !ONLY_IN_FOCUS.includes(name))
const OF_CLUSTER = /^cluster-/
/** Those of one Redis, and those of its keys by hand. */
const OF_ONE_REDIS = /^redis-(?!cut|reconnect)|-by-hand$/

export const FAULT_NAMES = NAMES.filter(name => !OF_CLUSTER.test(name))
export const CLUSTER_FAULT_NAMES = NAMES.filter(name => name === 'edit-by-hand' || !OF_ONE_REDIS.test(name))

export function inject(name: FaultName, world: World): void {
  world.count(name)
  const fault: Fault = FAULTS[name]
  fault(world)
}
