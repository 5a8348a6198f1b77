import type { ClusterNode, PrivateCluster } from '../../../src/dev/private-cluster.ts'
import { commandRedis } from '../../../src/dev/private-redis.ts'
import { eventually } from '../gateway.ts'
import { primariesOf, readView, readViews } from './topology.ts'

const LAST_SLOT = 16_383

/** Makes a replica the primary: plain asks its primary first, FORCE only the other primaries, TAKEOVER no node. */
export async function failOver(replica: ClusterNode, how?: 'FORCE' | 'TAKEOVER'): Promise<void> {
  await commandRedis(replica.port, client =>
    client.call('CLUSTER', 'FAILOVER', ...(how === undefined ? [] : [how])),
  )
}

/** Resolves when the node says that it is a primary. */
export function untilPrimary(node: ClusterNode): Promise<void> {
  return eventually('the node is a primary', async () => (await readView(node)).isPrimary)
}

export async function flushNode(node: ClusterNode): Promise<void> {
  await commandRedis(node.port, client => client.flushall())
}

/** All other nodes forget the node. It goes on knowing them, and a replica never forgets its primary. */
export async function forgetNode(cluster: Pick<PrivateCluster, 'nodes'>, node: ClusterNode): Promise<void> {
  const { id } = await readView(node)
  const others = cluster.nodes.filter(each => each !== node)
  await Promise.allSettled(
    others.map(({ port }) => commandRedis(port, client => client.cluster('FORGET', id))),
  )
}

/** Resolves when each node says that it, and the slots that it knows of, are well. */
export function untilWell(cluster: Pick<PrivateCluster, 'nodes'>): Promise<void> {
  return eventually('the cluster is well', async () => {
    const views = await readViews(cluster)
    const infos = await Promise.all(
      views.map(({ node }) => commandRedis(node.port, client => client.cluster('INFO') as Promise<string>)),
    )
    return (
      views.length === cluster.nodes.length &&
      infos.every(info => info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384'))
    )
  })
}

/** Resolves when each slot has one owner: behind a takeover the former one goes on until it has heard of it. */
export function untilAgreed(cluster: Pick<PrivateCluster, 'nodes'>): Promise<void> {
  return eventually('each slot has one owner', async () => {
    const ranges = primariesOf(await readViews(cluster))
      .flatMap(({ slots }) => slots)
      .sort((a, b) => a.first - b.first)
    const isDisjoint = ranges.every(({ first }, index) => first === (ranges[index - 1]?.last ?? -1) + 1)
    return isDisjoint && ranges.at(-1)?.last === LAST_SLOT
  })
}
