import { breakMove, moveSlots, seizeSlot } from '../../helper/cluster/moves.ts'
import { type NodeView, primariesOf, readViews, slotsIn } from '../../helper/cluster/topology.ts'
import { slotOfUser } from '../../helper/cluster/users.ts'
import { between, clusterOf, type Fault, type FaultContext } from './fault.ts'

/** A primary keeps at least so many slots: one without any would become a replica. */
const LEAST_SLOTS = 1_000
const MOST_MOVED = 600
const KEYS_TAKEN = 20

interface Move {
  readonly from: NodeView
  readonly to: NodeView
  readonly slots: readonly number[]
}

/** Slots of one primary that stand one after the other, and another primary. */
async function anyMove(context: FaultContext): Promise<Move> {
  const { random } = context
  const primaries = primariesOf(await readViews(clusterOf(context)))
  const rich = primaries.filter(({ slots }) => slotsIn(slots).length > LEAST_SLOTS + MOST_MOVED)
  const from = random.pick(rich)
  const to = random.pick(primaries.filter(each => each !== from))
  const all = slotsIn(from.slots)
  const first = random.int(all.length - MOST_MOVED)
  return { from, to, slots: all.slice(first, first + 100 + random.int(MOST_MOVED - 100)) }
}

/** The slot of a user at random, and a primary that does not own it. */
async function moveOfUser(context: FaultContext): Promise<{ slot: number; to: NodeView }> {
  const { random, users } = context
  const slot = slotOfUser(random.pick(users))
  const others = primariesOf(await readViews(clusterOf(context))).filter(
    ({ slots }) => !slotsIn(slots).includes(slot),
  )
  return { slot, to: random.pick(others) }
}

/** Slots that go from one primary to another, with and without what can go wrong on the way. */
export const MOVE_FAULTS: readonly Fault[] = [
  {
    name: 'cluster: hundreds of slots move',
    async inject(context) {
      const { slots, to } = await anyMove(context)
      await moveSlots(clusterOf(context), slots, to.node, { perSecond: 200 })
    },
  },
  {
    name: "cluster: a user's slot moves there and back",
    async inject(context) {
      const { slot, to } = await moveOfUser(context)
      const cluster = clusterOf(context)
      const from = primariesOf(await readViews(cluster)).find(({ slots }) => slotsIn(slots).includes(slot))!
      await moveSlots(cluster, [slot], to.node)
      await between(context, 0, 3_000)
      await moveSlots(cluster, [slot], from.node)
    },
  },
  {
    name: 'cluster: a move is given up half-way',
    async inject(context) {
      const { slot, to } = await moveOfUser(context)
      await breakMove(clusterOf(context), slot, to.node, KEYS_TAKEN, () => between(context, 0, 2_000))
    },
  },
  {
    name: 'cluster: a slot is seized',
    async inject(context) {
      const { slot, to } = await moveOfUser(context)
      await seizeSlot(clusterOf(context), slot, to.node)
      await between(context, 0, 1_500)
    },
  },
  {
    name: 'cluster: the target of a move is killed',
    inject: context => killDuring(context, ({ to }) => to),
  },
  {
    name: 'cluster: the source of a move is killed',
    inject: context => killDuring(context, ({ from }) => from),
  },
]

async function killDuring(context: FaultContext, victimOf: (move: Move) => NodeView): Promise<void> {
  const move = await anyMove(context)
  const { node } = victimOf(move)
  const moving = moveSlots(clusterOf(context), move.slots, move.to.node, { perSecond: 300 }).catch(() => {})
  await between(context, 50, 1_000)
  await node.kill()
  await between(context, 0, 3_000)
  await node.restart()
  await moving
}
