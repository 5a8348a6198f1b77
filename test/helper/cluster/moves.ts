import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { ClusterNode, PrivateCluster } from '../../../src/dev/private-cluster.ts'
import { type NodeView, ownerOf, readViews } from './topology.ts'

/** Keys that one MIGRATE takes along. */
const KEYS_AT_ONCE = 50
const MIGRATE_TIMEOUT_MS = 10_000

export interface MoveOptions {
  /** Slots that may move in a second; as many as can when left out. */
  readonly perSecond?: number
  /** Is told of each slot that is on its way, and of each that has arrived. */
  readonly onSlot?: (slot: number, stage: 'begun' | 'moved') => void
}

/**
 * Moves slots with their keys to a primary, one after the other, as `redis-cli --cluster reshard` does. A slot that the
 * primary owns already stays. Rejects when a node is away; the slot that was on its way stays open then.
 */
export async function moveSlots(
  cluster: Pick<PrivateCluster, 'nodes'>,
  slots: readonly number[],
  target: ClusterNode,
  { perSecond = Number.POSITIVE_INFINITY, onSlot = () => {} }: MoveOptions = {},
): Promise<void> {
  await withMover(cluster, async mover => {
    const startedAt = performance.now()
    for (const [index, slot] of slots.entries()) {
      const early = startedAt + (index * 1_000) / perSecond - performance.now()
      if (early > 0) await sleep(early)
      if (mover.isAt(slot, target)) continue
      await mover.open(slot, target)
      onSlot(slot, 'begun')
      await mover.migrate(slot, target)
      await mover.assign(slot, target)
      onSlot(slot, 'moved')
    }
  })
}

/**
 * Begins to move a slot, takes at most `keys` of its keys along, and gives up after `meanwhile`: both nodes say that
 * nothing happened.
 */
export async function breakMove(
  cluster: Pick<PrivateCluster, 'nodes'>,
  slot: number,
  target: ClusterNode,
  keys: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  await withMover(cluster, async mover => {
    await mover.open(slot, target)
    await mover.migrate(slot, target, keys)
    await meanwhile()
    await mover.close(slot, target)
  })
}

/** A primary takes a slot with none of its keys; the owner, which hears of it, removes its own. */
export async function seizeSlot(
  cluster: Pick<PrivateCluster, 'nodes'>,
  slot: number,
  target: ClusterNode,
): Promise<void> {
  await withMover(cluster, mover => mover.seize(slot, target))
}

type Mover = ReturnType<typeof createMover>

async function withMover(
  cluster: Pick<PrivateCluster, 'nodes'>,
  work: (mover: Mover) => Promise<void>,
): Promise<void> {
  const views = await readViews(cluster)
  const clients = new Map(
    views.map(({ node }) => {
      const client = new Redis(node.port, '127.0.0.1', {
        retryStrategy: null,
        commandTimeout: 2 * MIGRATE_TIMEOUT_MS,
      })
      client.on('error', () => {})
      return [node, client]
    }),
  )
  try {
    await work(createMover(views, clients))
  } finally {
    for (const client of clients.values()) client.disconnect()
  }
}

function createMover(views: readonly NodeView[], clients: ReadonlyMap<ClusterNode, Redis>) {
  const owners = new Map<number, ClusterNode>()
  const idOf = (node: ClusterNode) => views.find(view => view.node === node)!.id
  const sourceOf = (slot: number) => {
    const owner = owners.get(slot) ?? ownerOf(views, slot)?.node
    if (owner === undefined) throw new Error(`no node owns slot ${slot}`)
    return owner
  }
  const on = (node: ClusterNode, ...command: (string | number)[]) => {
    const [name, ...args] = command.map(String)
    return clients.get(node)!.call(name!, ...args)
  }
  const setSlot = (node: ClusterNode, slot: number, ...how: string[]) =>
    on(node, 'CLUSTER', 'SETSLOT', slot, ...how)
  return {
    isAt: (slot: number, target: ClusterNode) => sourceOf(slot) === target,
    async open(slot: number, target: ClusterNode) {
      const source = sourceOf(slot)
      await setSlot(target, slot, 'IMPORTING', idOf(source))
      await setSlot(source, slot, 'MIGRATING', idOf(target))
    },
    async migrate(slot: number, target: ClusterNode, atMost = Number.POSITIVE_INFINITY) {
      const source = sourceOf(slot)
      for (let moved = 0; moved < atMost; ) {
        const count = Math.min(KEYS_AT_ONCE, atMost - moved)
        const keys = (await on(source, 'CLUSTER', 'GETKEYSINSLOT', slot, count)) as string[]
        if (keys.length === 0) return
        await on(
          ...([source, 'MIGRATE', '127.0.0.1', target.port, '', 0, MIGRATE_TIMEOUT_MS] as const),
          ...['REPLACE', 'KEYS', ...keys],
        )
        moved += keys.length
      }
    },
    async assign(slot: number, target: ClusterNode) {
      const source = sourceOf(slot)
      await setSlot(target, slot, 'NODE', idOf(target))
      await setSlot(source, slot, 'NODE', idOf(target))
      const others = views.filter(({ isPrimary, node }) => isPrimary && node !== source && node !== target)
      // They hear of it from the target too.
      await Promise.allSettled(others.map(({ node }) => setSlot(node, slot, 'NODE', idOf(target))))
      owners.set(slot, target)
    },
    async close(slot: number, target: ClusterNode) {
      await setSlot(target, slot, 'STABLE')
      await setSlot(sourceOf(slot), slot, 'STABLE')
    },
    async seize(slot: number, target: ClusterNode) {
      await setSlot(target, slot, 'IMPORTING', idOf(sourceOf(slot)))
      await setSlot(target, slot, 'NODE', idOf(target))
    },
  }
}
