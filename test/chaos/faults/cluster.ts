import { commandRedis } from '../../../src/dev/private-redis.ts'
import { addressOfGateway, addressOfNode } from '../../helper/cluster/network.ts'
import { failOver, flushNode, forgetNode, untilPrimary } from '../../helper/cluster/nodes.ts'
import { repairCluster } from '../../helper/cluster/repair.ts'
import { type NodeView, primariesOf, readViews, replicasOf } from '../../helper/cluster/topology.ts'
import { CLUSTER_PRIMARIES, NODE_TIMEOUT_MS } from '../cluster-stack.ts'
import { MOVE_FAULTS } from './cluster-moves.ts'
import { between, clusterOf, type Fault, type FaultContext } from './fault.ts'
import { cutAppendOnlyFile, shareKept } from './redis-data.ts'

interface Pair {
  readonly primary: NodeView
  readonly replica: NodeView
}

/** A primary at random, with its replica. */
async function anyPair(context: FaultContext): Promise<Pair> {
  const views = await readViews(clusterOf(context))
  const primary = context.random.pick(primariesOf(views))
  const [replica] = replicasOf(views, primary)
  if (replica === undefined) throw new Error('a primary without a replica')
  return { primary, replica }
}

/** The replica hears nothing of its primary's last moments. */
async function lag(context: FaultContext, { primary, replica }: Pair): Promise<void> {
  clusterOf(context).holdReplication(replica.node.index, primary.node.index)
  await between(context, 100, 1_200)
}

const FAILOVERS: readonly Fault[] = [undefined, 'FORCE' as const, 'TAKEOVER' as const].map(how => ({
  name: `cluster: FAILOVER ${how ?? 'plain'}`,
  async inject(context) {
    const { replica } = await anyPair(context)
    await failOver(replica.node, how)
    await between(context, 500, 2_500)
  },
}))

const LAGGING: readonly Fault[] = (['FORCE', 'TAKEOVER'] as const).map(how => ({
  name: `cluster: a replica that lags takes over by ${how}`,
  async inject(context) {
    const pair = await anyPair(context)
    await lag(context, pair)
    await failOver(pair.replica.node, how)
    await between(context, 200, 2_500)
    clusterOf(context).join()
  },
}))

const PROCESSES: readonly Fault[] = [
  {
    name: 'cluster: a primary is killed until its replica takes over',
    async inject(context) {
      const { primary, replica } = await anyPair(context)
      await primary.node.kill()
      await untilPrimary(replica.node)
      await between(context, 0, 2_000)
      await primary.node.restart()
    },
  },
  {
    name: 'cluster: a primary is killed, and back before any other notices, without its tail',
    async inject(context) {
      const { primary } = await anyPair(context)
      await primary.node.kill()
      cutAppendOnlyFile(primary.node, shareKept(context.random))
      await between(context, 0, 300)
      await primary.node.restart()
      await between(context, 200, 1_500)
    },
  },
  {
    name: 'cluster: a primary and its replica are killed, and lose their tails',
    async inject(context) {
      const { primary, replica } = await anyPair(context)
      await Promise.all([primary.node.kill(), replica.node.kill()])
      for (const { node } of [primary, replica]) cutAppendOnlyFile(node, shareKept(context.random))
      await between(context, 0, 3_000)
      for (const { node } of [replica, primary]) await node.restart()
      await between(context, 200, 1_500)
    },
  },
  {
    name: 'cluster: a primary is frozen until its replica takes over',
    async inject(context) {
      const { primary, replica } = await anyPair(context)
      primary.node.freeze()
      await untilPrimary(replica.node)
      await between(context, 0, 2_000)
      primary.node.thaw()
      await between(context, 200, 1_000)
    },
  },
  {
    name: 'cluster: a primary is frozen for a moment',
    async inject(context) {
      const { primary } = await anyPair(context)
      primary.node.freeze()
      await between(context, 50, 1_000)
      primary.node.thaw()
    },
  },
  {
    name: 'cluster: all nodes are killed',
    async inject(context) {
      const { nodes } = clusterOf(context)
      await Promise.all(nodes.map(node => node.kill()))
      await between(context, 0, 1_500)
      await Promise.all(nodes.map(node => node.restart()))
    },
  },
]

const DATA: readonly Fault[] = [
  {
    name: 'cluster: FLUSHALL of one node',
    inject: async context => flushNode((await anyPair(context)).primary.node),
  },
  {
    name: 'cluster: SCRIPT FLUSH of one node',
    async inject(context) {
      const { primary } = await anyPair(context)
      await commandRedis(primary.node.port, client => client.script('FLUSH'))
    },
  },
]

/** `nodes.conf` is lost; what the node holds is not. Its replica takes its place by command, for the others wait. */
const CONFIG_LOST: Fault = {
  name: 'cluster: a primary loses its nodes.conf',
  async inject(context) {
    const { primary, replica } = await anyPair(context)
    await primary.node.kill()
    if (context.random.chance(0.5)) cutAppendOnlyFile(primary.node, shareKept(context.random))
    await primary.node.restart({ forget: true })
    await between(context, 100, 2_500)
    await failOver(replica.node, 'TAKEOVER')
    await between(context, 200, 1_500)
  },
}

const FORGOTTEN: Fault = {
  name: 'cluster: the others forget a primary',
  async inject(context) {
    const { primary, replica } = await anyPair(context)
    await forgetNode(clusterOf(context), primary.node)
    await between(context, 200, 2_000)
    if (context.random.chance(0.5)) await failOver(replica.node, 'TAKEOVER')
    await between(context, 200, 1_500)
  },
}

/**
 * The network is cut between a primary with one gateway and all others, and the replica takes the place of the primary. Half
 * of the time the primary goes on believing in itself for far longer than it would.
 */
const PARTITION: Fault = {
  name: 'cluster: a partition leaves the old primary with one gateway',
  async inject(context) {
    const { stack, random } = context
    const cluster = clusterOf(context)
    const pair = await anyPair(context)
    if (random.chance(0.5)) await lag(context, pair)
    const { primary, replica } = pair
    const believes = random.chance(0.5)
    const setTimeout = (ms: string) =>
      commandRedis(primary.node.port, client => client.config('SET', 'cluster-node-timeout', ms))
    if (believes) await setTimeout('60000')
    const gateway = random.pick(stack.gateways)
    cluster.separate(
      [addressOfNode(primary.node.index), addressOfGateway(gateway.index)],
      cluster.addresses(stack.gateways.length),
    )
    if (random.chance(0.7)) await failOver(replica.node, 'TAKEOVER')
    else await untilPrimary(replica.node)
    await between(context, 500, 4_000)
    if (believes) await setTimeout(String(NODE_TIMEOUT_MS))
    cluster.join()
    await between(context, 200, 1_500)
  },
}

/** The same without a failover: the gateway sees one node only, and the others see it for a while. */
const CUT_OFF: Fault = {
  name: 'cluster: one node is cut off from the others, not from the gateways',
  async inject(context) {
    const cluster = clusterOf(context)
    const node = context.random.pick(cluster.nodes)
    cluster.separate(
      [addressOfNode(node.index)],
      cluster.nodes.map(({ index }) => addressOfNode(index)),
    )
    await between(context, 200, 5_000)
    cluster.join()
  },
}

/** Leaves a well cluster behind, whatever the fault did to it, and aims those of one Redis at a node. */
export function inCluster(fault: Fault): Fault {
  return {
    ...fault,
    async inject(context) {
      await context.stack.aim(context.random.pick(context.users))
      await fault.inject(context)
      await repairCluster(clusterOf(context), CLUSTER_PRIMARIES)
    },
  }
}

export const CLUSTER_FAULTS: readonly Fault[] = [
  ...FAILOVERS,
  ...LAGGING,
  ...PROCESSES,
  ...DATA,
  ...MOVE_FAULTS,
  CONFIG_LOST,
  FORGOTTEN,
  PARTITION,
  CUT_OFF,
]
