import type { ClusterNode, PrivateCluster } from '../../../src/dev/private-cluster.ts'
import { commandRedis } from '../../../src/dev/private-redis.ts'

/** Slots from the first to the last. */
export interface SlotRange {
  readonly first: number
  readonly last: number
}

/** A slot that a node says is on its way: to another node, or from it. */
export interface OpenSlot {
  readonly slot: number
  readonly direction: 'migrating' | 'importing'
}

/** What a node says of itself, whatever the others think. */
export interface NodeView<N = ClusterNode> {
  readonly node: N
  readonly id: string
  readonly isPrimary: boolean
  /** The id of its primary; undefined for a primary. */
  readonly primaryId: string | undefined
  readonly epoch: number
  readonly slots: readonly SlotRange[]
  readonly openSlots: readonly OpenSlot[]
  /** Ids of the other nodes that it knows. */
  readonly knownIds: readonly string[]
}

/** What each node that answers says of itself. A frozen node takes as long as a command may. */
export async function readViews(
  cluster: Pick<PrivateCluster, 'nodes'>,
  except: readonly ClusterNode[] = [],
): Promise<NodeView[]> {
  const asked = cluster.nodes.filter(node => !except.includes(node))
  const views = await Promise.all(asked.map(node => readView(node).catch(() => undefined)))
  return views.filter(view => view !== undefined)
}

export async function readView<N extends { readonly port: number }>(node: N): Promise<NodeView<N>> {
  const text = await commandRedis(node.port, client => client.cluster('NODES') as Promise<string>)
  const lines = text
    .trim()
    .split('\n')
    .map(line => line.split(' '))
  const own = lines.find(([, , flags]) => flags!.includes('myself'))!
  const [id, , flags, primaryId, , , epoch, , ...slots] = own
  return {
    node,
    id: id!,
    isPrimary: flags!.includes('master'),
    primaryId: primaryId === '-' ? undefined : primaryId,
    epoch: Number(epoch),
    slots: slots.filter(each => !each.startsWith('[')).map(parseRange),
    openSlots: slots.filter(each => each.startsWith('[')).map(parseOpenSlot),
    knownIds: lines.filter(line => line !== own).map(([each]) => each!),
  }
}

/** The owner of a slot: of the primaries that claim it, the one with the newest claim. */
export function ownerOf(views: readonly NodeView[], slot: number): NodeView | undefined {
  return views
    .filter(({ isPrimary, slots }) => isPrimary && includes(slots, slot))
    .sort((a, b) => b.epoch - a.epoch)[0]
}

/** The primaries that own slots. */
export function primariesOf(views: readonly NodeView[]): NodeView[] {
  return views.filter(({ isPrimary, slots }) => isPrimary && slots.length > 0)
}

export function replicasOf(views: readonly NodeView[], primary: NodeView): NodeView[] {
  return views.filter(({ primaryId }) => primaryId === primary.id)
}

export function includes(slots: readonly SlotRange[], slot: number): boolean {
  return slots.some(({ first, last }) => first <= slot && slot <= last)
}

/** All slots of the ranges, in order. */
export function slotsIn(ranges: readonly SlotRange[]): number[] {
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
}

function parseRange(text: string): SlotRange {
  const [first, last] = text.split('-').map(Number)
  return { first: first!, last: last ?? first! }
}

/** `[93->-node]` is on its way to the node, `[77-<-node]` from it. */
function parseOpenSlot(text: string): OpenSlot {
  return {
    slot: Number.parseInt(text.slice(1), 10),
    direction: text.includes('->-') ? 'migrating' : 'importing',
  }
}
