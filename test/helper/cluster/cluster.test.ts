import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Cluster } from 'ioredis'
import t from 'tap'
import type { ClusterNode } from '../../../src/dev/private-cluster.ts'
import { commandRedis } from '../../../src/dev/private-redis.ts'
import { cutAppendOnlyFile } from '../../chaos/faults/redis-data.ts'
import { ClusterNode as SimulatedNode, type SlotState } from '../../simulation/cluster-node.ts'
import { Random } from '../../simulation/random.ts'
import { redisBinary } from '../backends.ts'
import { eventually } from '../gateway.ts'
import { blocksOf, pageText } from '../readme.ts'
import { breakMove, moveSlots, seizeSlot } from './moves.ts'
import { addressOfGateway, addressOfNode, startNetworkedCluster } from './network.ts'
import { failOver, flushNode, forgetNode, untilPrimary, untilWell } from './nodes.ts'
import { repairCluster } from './repair.ts'
import { startEmptyNode } from './start.ts'
import { includes, ownerOf, primariesOf, readView, readViews, replicasOf } from './topology.ts'

/** The slot of `{a}`, of the last third, and one of the same third without keys. */
const SLOT = 15_495
const EMPTY_SLOT = 15_496
const KEYS = Array.from({ length: 120 }, (_, index) => `{a}:${index}`)

/**
 * A failover may be refused or take too long; seconds after another election Redis may count the votes of that one, and
 * the primary before keeps its slots.
 */
const RETRY_MS = 6_000

const NO_CLI = 'redis-cli is not beside redis-server'

/** redis-cli; resolves to what it wrote. */
function redisCli(): ((args: readonly string[]) => Promise<string>) | undefined {
  const { path, libraries } = redisBinary()
  const program = join(dirname(path), 'redis-cli')
  if (!existsSync(program)) return undefined
  const env = { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) }
  return args =>
    promisify(execFile)(program, args, { env }).then(
      ({ stdout }) => stdout,
      error => `[ERR] ${error}`,
    )
}

/** The beginning of the reply to a GET that comes from an address of this machine. */
async function askFrom(localAddress: string, port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.write('GET {a}:0\r\n')
  const [reply] = await once(socket, 'data')
  socket.destroy()
  return String(reply)
}

// One cluster for all: each subtest leaves it well.
t.test('what is done to a private cluster', async t => {
  const cluster = await startNetworkedCluster(t, { primaries: 3, replicas: 1 })
  const fill = async () => {
    const client = new Cluster(cluster.seeds.split(',').map(seed => `redis://${seed}`))
    await Promise.all(KEYS.map(key => client.set(key, 'value')))
    client.disconnect()
  }
  const ownerOfSlot = async (slot = SLOT) => ownerOf(await readViews(cluster), slot)!.node
  const keysAt = (node: ClusterNode) =>
    commandRedis(node.port, client => client.cluster('COUNTKEYSINSLOT', SLOT) as Promise<number>)
  const other = async () => {
    const owner = await ownerOfSlot()
    return primariesOf(await readViews(cluster)).find(({ node }) => node !== owner)!.node
  }
  const replicaOf = async (node: ClusterNode) =>
    replicasOf(await readViews(cluster), await readView(node))[0]!.node
  const repair = () => repairCluster(cluster, 3)
  await fill()

  await t.test('slots move with their keys', async t => {
    const target = await other()
    const stages: string[] = []
    await moveSlots(cluster, [SLOT, EMPTY_SLOT], target, {
      perSecond: 100,
      onSlot: (slot, stage) => stages.push(`${slot} ${stage}`),
    })
    t.equal(await ownerOfSlot(), target)
    t.equal(await ownerOfSlot(EMPTY_SLOT), target)
    t.equal(await keysAt(target), KEYS.length)
    t.strictSame(stages, [`${SLOT} begun`, `${SLOT} moved`, `${EMPTY_SLOT} begun`, `${EMPTY_SLOT} moved`])
  })

  await t.test('a move that is broken off leaves half of the keys behind', async t => {
    const [owner, target] = [await ownerOfSlot(), await other()]
    await breakMove(cluster, SLOT, target, KEYS.length / 2)
    t.equal(await ownerOfSlot(), owner)
    t.equal(await keysAt(owner), KEYS.length / 2)
    t.equal(await keysAt(target), KEYS.length / 2)
    await fill()
  })

  await t.test('the nodes of the simulation refuse what real ones refuse', async t => {
    const [owner, target] = [await ownerOfSlot(), await other()]
    const [x, y] = ['{a}:x', '{a}:y'] as const
    const simulated = new SimulatedNode(new Random(1), 0)
    const [keys] = simulated.keys as [(typeof simulated.keys)[number]]
    /** The first word of the error, or that the command was carried out. */
    const real = (node: ClusterNode, ...command: [string, ...string[]]) =>
      commandRedis(node.port, client => client.call(...command)).then(
        () => 'done',
        error => String(error.message).split(' ')[0],
      )
    const compare = async (node: ClusterNode, state: SlotState, what: string) => {
      simulated.slots[0] = state
      const expected = (asked: readonly string[]) => simulated.refusalOf(0, asked) ?? 'done'
      t.equal(await real(node, 'MGET', x, y), expected([x, y]), `MGET ${what}`)
      t.equal(await real(node, 'GETRANGE', x, '0', '63'), expected([x]), `GETRANGE ${what}`)
      t.equal(await real(node, 'EVAL', 'return 1', '2', x, y), expected([x, y]), `a script ${what}`)
      t.equal(await real(node, 'INFO', 'replication'), expected([]), `INFO ${what}`)
    }
    const present = async (some: readonly string[]) => {
      keys.flush()
      await commandRedis(owner.port, client => client.del(x, y))
      for (const key of some) {
        keys.set(key, 'value')
        await commandRedis(owner.port, client => client.set(key, 'value'))
      }
    }
    const [from, to] = [await readView(owner), await readView(target)]
    const setSlot = (node: ClusterNode, ...state: string[]) =>
      commandRedis(node.port, client => client.call('CLUSTER', 'SETSLOT', String(SLOT), ...state))
    for (const some of [[x, y], [x], [y], []]) {
      await present(some)
      await compare(owner, 'owned', `of ${some} at the owner`)
      await compare(target, 'none', `of ${some} at another`)
      await setSlot(target, 'IMPORTING', from.id)
      await setSlot(owner, 'MIGRATING', to.id)
      await compare(owner, 'migrating', `of ${some} while the slot is on its way`)
      await compare(target, 'none', `of ${some} where it goes`)
      await setSlot(owner, 'STABLE')
      await setSlot(target, 'STABLE')
    }
  })

  await t.test('a slot that is seized leaves its keys with the owner before, which removes them', async t => {
    const [owner, target] = [await ownerOfSlot(), await other()]
    await seizeSlot(cluster, SLOT, target)
    await eventually('the owner hears of it', async () => (await keysAt(owner)) === 0)
    t.equal(await ownerOfSlot(), target)
    await repair()
    await fill()
  })

  for (const how of [undefined, 'FORCE', 'TAKEOVER'] as const) {
    await t.test(`CLUSTER FAILOVER ${how ?? ''}`, async t => {
      const owner = await ownerOfSlot()
      const replica = await replicaOf(owner)
      let triedAt = Number.NEGATIVE_INFINITY
      await eventually('the replica owns the slot', async () => {
        if (performance.now() - triedAt > RETRY_MS) {
          triedAt = performance.now()
          await failOver(replica, how).catch(() => {})
        }
        return (await ownerOfSlot()) === replica
      })
      await repair()
      t.equal((await readView(owner)).isPrimary, false)
    })
  }

  await t.test('a primary that is killed is replaced', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    await owner.kill()
    await untilPrimary(replica)
    t.equal(await keysAt(replica), KEYS.length)
    await owner.restart()
    await repair()
  })

  await t.test('a primary that is frozen is replaced', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    owner.freeze()
    await untilPrimary(replica)
    t.equal(await keysAt(replica), KEYS.length)
    owner.thaw()
    await repair()
  })

  await t.test('one node is flushed', async t => {
    const owner = await ownerOfSlot()
    await flushNode(owner)
    t.equal(await keysAt(owner), 0)
    await fill()
  })

  await t.test('a primary that is cut off with one gateway serves it until it notices', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    const gateways = [addressOfGateway(0), addressOfGateway(1)]
    const addresses = [...cluster.nodes.map(({ index }) => addressOfNode(index)), ...gateways]
    cluster.separate([addressOfNode(owner.index), gateways[0]!], addresses)
    await failOver(replica, 'TAKEOVER')
    await untilPrimary(replica)
    t.ok((await readView(owner)).isPrimary, 'two primaries claim the slot')
    t.ok(includes((await readView(owner)).slots, SLOT))
    let answered = false
    const cutOff = askFrom(gateways[1]!, owner.announced.port).then(() => {
      answered = true
    })
    // Its own side reaches it: a value, or CLUSTERDOWN once it has noticed.
    t.match(await askFrom(gateways[0]!, owner.announced.port), /^(\$5|-CLUSTERDOWN)/)
    t.notOk(answered, 'the other gateway hears nothing of it')
    cluster.join()
    await cutOff
    await repair()
  })

  await t.test('a replica whose primary is not heard takes over with what it has', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    await fill()
    await eventually('the replica has them', async () => (await keysAt(replica)) === KEYS.length)
    cluster.holdReplication(replica.index, owner.index)
    await flushNode(owner)
    await failOver(replica, 'TAKEOVER')
    await untilPrimary(replica)
    t.equal(await keysAt(replica), KEYS.length)
    cluster.join()
    await repair()
  })

  await t.test('an append-only file loses its tail', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    await eventually('no rewrite of the file is on its way', async () =>
      (await commandRedis(owner.port, client => client.info('persistence'))).includes(
        'aof_rewrite_in_progress:0',
      ),
    )
    await commandRedis(owner.port, client => client.set('{a}:late', 'value'))
    // Dead together, so that none takes over.
    await Promise.all([owner.kill(), replica.kill()])
    cutAppendOnlyFile(owner, 0)
    await owner.restart()
    await replica.restart()
    await untilWell(cluster)
    t.equal(await commandRedis(owner.port, client => client.get('{a}:late')), null)
    await repair()
    await fill()
  })

  await t.test('a node that is forgotten is met again', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    await forgetNode(cluster, replica)
    const { id } = await readView(replica)
    t.notOk((await readView(await other())).knownIds.includes(id))
    await repair()
    t.ok((await readView(await other())).knownIds.includes(id))
  })

  await t.test('a primary that lost its nodes.conf claims the slots of its keys', async t => {
    const owner = await ownerOfSlot()
    const replica = await replicaOf(owner)
    const before = await readView(owner)
    await owner.kill()
    await owner.restart({ forget: true })
    await eventually('it has a look at its keys', async () => includes((await readView(owner)).slots, SLOT))
    const view = await readView(owner)
    t.not(view.id, before.id)
    t.strictSame(view.knownIds, [])
    t.equal(await keysAt(owner), KEYS.length)
    // The others wait for the node that they knew: no replica takes over by itself.
    await failOver(replica, 'TAKEOVER')
    await untilPrimary(replica)
    await repair()
  })

  const cli = redisCli()
  await t.test('the commands of docs/cluster.md grow it', { skip: cli === undefined && NO_CLI }, async t => {
    const added = await Promise.all([startEmptyNode(t), startEmptyNode(t)])
    const addresses = new Map([
      ['10.0.0.1:6379', cluster.nodes[0]!.port],
      ['10.0.0.4:6379', added[0]!.port],
      ['10.0.0.14:6379', added[1]!.port],
    ])
    const commands = blocksOf(pageText('docs/cluster.md'))
      .flatMap(({ text }) => text.trim().split('\n'))
      .filter(line => line.startsWith('redis-cli '))
    t.equal(commands.length, 4)
    for (const command of commands) {
      const args = command
        .split(' ')
        .slice(1)
        .map(word => (addresses.has(word) ? `127.0.0.1:${addresses.get(word)}` : word))
      // A quarter of all slots takes a quarter of a minute: that they would move is enough.
      if (command.includes('rebalance')) args.push('--cluster-simulate')
      // The nodes hear of a new one a moment later.
      await eventually(command, async () => {
        const output = await cli!(args)
        return !/\[ERR\]|No rebalancing needed/.test(output)
      })
    }
    t.ok((await readView(added[0]!)).isPrimary)
    await eventually('the other is a replica', async () => !(await readView(added[1]!)).isPrimary)
  })

  await t.test('nothing of it stays', async t => {
    const pids = cluster.nodes.map(({ pid }) => pid)
    cluster.nodes[0]!.freeze()
    await cluster.stop()
    for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    for (const { dataDir } of cluster.nodes) t.notOk(existsSync(dataDir))
  })
})
