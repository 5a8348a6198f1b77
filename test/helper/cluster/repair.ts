import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterNode, PrivateCluster } from '../../../src/dev/private-cluster.ts'
import { commandRedis } from '../../../src/dev/private-redis.ts'
import { type NodeView, ownerOf, primariesOf, readViews, replicasOf } from './topology.ts'

const SLOTS = 16_384
const PAUSE_MS = 100
const PATIENCE_MS = 120_000

/**
 * Makes one well cluster of nodes that all run: every node knows every other and no other, no slot is open or without
 * an owner, each of the `primaries` has a replica. What the nodes hold stays as it is, old copies too. Does what an
 * operator does with `redis-cli --cluster fix`.
 */
export async function repairCluster(
  cluster: Pick<PrivateCluster, 'nodes'>,
  primaries: number,
): Promise<void> {
  const patience = performance.now() + PATIENCE_MS
  for (;;) {
    const wrong = await repairOnce(cluster, primaries)
    if (wrong === undefined) return
    if (performance.now() > patience) throw new Error(`the cluster cannot be repaired: ${wrong}`)
    await sleep(PAUSE_MS)
  }
}

/** One round of repairs; resolves to what was wrong before it, undefined when nothing was. */
async function repairOnce(
  cluster: Pick<PrivateCluster, 'nodes'>,
  primaries: number,
): Promise<string | undefined> {
  const views = await readViews(cluster)
  if (views.length < cluster.nodes.length) return 'a node does not answer'
  return (
    (await meet(views)) ??
    (await closeSlots(views)) ??
    (await assignSlots(views)) ??
    (await giveReplicas(views, primaries)) ??
    (await findUnwell(views))
  )
}

async function meet(views: readonly NodeView[]): Promise<string | undefined> {
  const ids = views.map(({ id }) => id)
  let wrong: string | undefined
  for (const { node, knownIds } of views) {
    for (const other of views.filter(each => each.node !== node && !knownIds.includes(each.id))) {
      wrong = 'a node does not know another'
      const { port, busPort } = other.node.announced
      await attempt(node, 'CLUSTER', 'MEET', '127.0.0.1', port, busPort)
    }
    for (const stranger of knownIds.filter(each => !ids.includes(each))) {
      wrong ??= 'a node knows one that is gone'
      await attempt(node, 'CLUSTER', 'FORGET', stranger)
    }
  }
  return wrong
}

async function closeSlots(views: readonly NodeView[]): Promise<string | undefined> {
  const open = views.flatMap(({ node, openSlots }) => openSlots.map(({ slot }) => ({ node, slot })))
  for (const { node, slot } of open) await attempt(node, 'CLUSTER', 'SETSLOT', slot, 'STABLE')
  return open.length === 0 ? undefined : 'a slot is open'
}

async function assignSlots(views: readonly NodeView[]): Promise<string | undefined> {
  const orphans = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
    slot => ownerOf(views, slot) === undefined,
  )
  const [heir] = primariesOf(views)
  if (orphans.length === 0 || heir === undefined) return undefined
  await attempt(heir.node, 'CLUSTER', 'ADDSLOTS', ...orphans)
  return 'slots have no owner'
}

/** A primary without slots, and a second replica of a primary, become the replica of one that has none. */
async function giveReplicas(views: readonly NodeView[], primaries: number): Promise<string | undefined> {
  const owners = primariesOf(views)
  if (owners.length !== primaries) return `${owners.length} primaries own slots`
  const lacking = owners.filter(primary => replicasOf(views, primary).length === 0)
  const spare = views.filter(
    view => !owners.includes(view) && !owners.some(primary => replicasOf(views, primary)[0] === view),
  )
  for (const { node, isPrimary } of spare) {
    const primary = lacking.shift()
    if (primary === undefined) break
    if (isPrimary) await attempt(node, 'FLUSHALL')
    await attempt(node, 'CLUSTER', 'REPLICATE', primary.id)
  }
  return spare.length === 0 ? undefined : 'a primary has no replica'
}

async function findUnwell(views: readonly NodeView[]): Promise<string | undefined> {
  const states = await Promise.all(
    views.map(({ node }) =>
      commandRedis(node.port, async client => {
        const [state, replication] = [String(await client.cluster('INFO')), await client.info('replication')]
        if (replication.includes('master_link_status:down')) return 'a replica is not connected'
        return state.includes('cluster_state:ok') && state.includes(`cluster_slots_ok:${SLOTS}`)
          ? undefined
          : 'a node does not see the others well'
      }),
    ),
  )
  return states.find(state => state !== undefined)
}

/** A node may refuse what another repair, or the cluster itself, has done already. */
async function attempt(node: ClusterNode, ...command: (string | number)[]): Promise<void> {
  const [name, ...args] = command.map(String)
  await commandRedis(node.port, client => client.call(name!, ...args)).catch(() => {})
}
