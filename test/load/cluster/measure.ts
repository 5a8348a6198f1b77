import { setTimeout as sleep } from 'node:timers/promises'
import type { PrivateCluster } from '../../../src/dev/private-cluster.ts'
import { createDatabase, type Scope } from '../../helper/backends.ts'
import { moveSlots } from '../../helper/cluster/moves.ts'
import { untilPrimary } from '../../helper/cluster/nodes.ts'
import { startTestCluster } from '../../helper/cluster/start.ts'
import { includes, primariesOf, readViews, replicasOf, slotsIn } from '../../helper/cluster/topology.ts'
import { slotOfUser } from '../../helper/cluster/users.ts'
import { startInstance } from '../../helper/instance.ts'
import { UNLIMITED } from '../report.ts'
import { type Change, type Figures, figuresOf } from './figures.ts'
import { Readers } from './readers.ts'

const PRIMARIES = 3
/** How long all is read before and after what happens. */
const CALM_MS = 2_000
const AFTER_MS = 8_000

export interface MeasureOptions {
  readonly gateways: number
  readonly users: number
  /** Reads per second. */
  readonly rate: number
  /** Slots to move, and how many of them in a second. */
  readonly slots: number
  readonly slotsPerSecond: number
  readonly nodeTimeoutMs: number
}

export interface Measured extends Figures {
  readonly reads: number
  readonly failed: number
  /** How long the moves took, or how long it took until the dead primary had a successor; milliseconds. */
  readonly tookMs: number
}

/** Gateways on a cluster of three primaries with a replica each, and users that are hits. */
export async function startMeasuring(t: Scope, options: MeasureOptions) {
  const [databaseUrl, cluster] = await Promise.all([
    createDatabase(t),
    startTestCluster(t, { primaries: PRIMARIES, replicas: 1, nodeTimeoutMs: options.nodeTimeoutMs }),
  ])
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_CLUSTER_NODES: cluster.seeds,
    MAX_EVENT_LOOP_DELAY_MS: '0',
    ...UNLIMITED,
  }
  const gateways = await Promise.all(Array.from({ length: options.gateways }, () => startInstance(t, env)))
  const users = Array.from({ length: options.users }, (_, index) => `u${index}`)
  const read = async (work: (changes: Change[]) => Promise<void>): Promise<Measured> => {
    const readers = new Readers({ urls: gateways.map(({ url }) => url), users, rate: options.rate })
    try {
      await readers.prepare()
      const stop = new AbortController()
      const running = readers.run(stop.signal)
      await sleep(CALM_MS)
      const changes: Change[] = []
      const startedAt = performance.now()
      await work(changes)
      const tookMs = performance.now() - startedAt
      await sleep(AFTER_MS)
      stop.abort()
      await running
      const { answers, failed } = readers
      return { ...figuresOf(answers, changes), reads: answers.length, failed, tookMs }
    } finally {
      await readers.close()
    }
  }
  return {
    /** The first slots of a primary move to another. */
    moves: () => read(changes => moveSome(cluster, users, options, changes)),
    /** A primary dies, and its replica takes its place. */
    failover: () => read(changes => killOne(cluster, users, changes)),
  }
}

async function moveSome(
  cluster: PrivateCluster,
  users: readonly string[],
  { slots: count, slotsPerSecond }: MeasureOptions,
  changes: Change[],
): Promise<void> {
  const [from, to] = primariesOf(await readViews(cluster))
  const slots = slotsIn(from!.slots).slice(0, count)
  const begun = new Map<number, number>()
  await moveSlots(cluster, slots, to!.node, {
    perSecond: slotsPerSecond,
    onSlot: (slot, stage) => {
      const now = performance.now()
      if (stage === 'begun') begun.set(slot, now)
      else {
        const inSlot = users.filter(user => slotOfUser(user) === slot)
        if (inSlot.length > 0) changes.push({ users: inSlot, from: begun.get(slot)!, done: now })
      }
    },
  })
}

async function killOne(cluster: PrivateCluster, users: readonly string[], changes: Change[]): Promise<void> {
  const views = await readViews(cluster)
  const primary = primariesOf(views)[0]!
  const [replica] = replicasOf(views, primary)
  const from = performance.now()
  await primary.node.kill()
  await untilPrimary(replica!.node)
  const done = performance.now()
  changes.push({ users: users.filter(user => includes(primary.slots, slotOfUser(user))), from, done })
}
