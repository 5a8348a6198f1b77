import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './child.ts'
import { commandRedis, type PrivateRedis, startPrivateRedis } from './private-redis.ts'
import type { RedisBinary } from './redis-binary.ts'

const SLOTS = 16_384
/** What a node knows of the cluster. */
const NODES_FILE = 'nodes.conf'
const PAUSE_MS = 50
/** The nodes agree in two to three seconds; a busy machine may take this long. */
const START_TIMEOUT_MS = 120_000

export interface ClusterOptions {
  readonly binary: RedisBinary
  /** The nodes make their directories in it, named by their ports; `stop` removes them. */
  readonly dir: string
  readonly primaries: number
  /** How many of each primary. */
  readonly replicas: 0 | 1
  /** How long a node may be silent before its replica takes its place. */
  readonly nodeTimeoutMs: number
  /** More arguments of redis-server, by the index of its node. */
  readonly argsOf?: (index: number) => readonly string[]
  /** Where clients and other nodes reach a node of these ports, when that is not its own ports: such as proxies. */
  readonly announce?: (ports: ClusterPorts, index: number) => Promise<ClusterPorts>
}

export interface ClusterPorts {
  readonly port: number
  readonly busPort: number
}

/** A node that can be hurt. Its ports and its directory stay the same; its role does not. */
export interface ClusterNode {
  /** Its place in the list of nodes: the primaries of the beginning first, then their replicas in the same order. */
  readonly index: number
  /** Straight to the server, whatever it announces. */
  readonly url: string
  readonly port: number
  readonly announced: ClusterPorts
  readonly dataDir: string
  readonly pid: number
  /** SIGTERM. */
  stop(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again; `forget` without its nodes.conf, so that it knows neither its name nor the other nodes. */
  restart(options?: { forget?: boolean }): Promise<void>
  freeze(): void
  thaw(): void
}

export interface PrivateCluster {
  readonly nodes: readonly ClusterNode[]
  /** `host:port,...` as clients reach the nodes. */
  readonly seeds: string
  /** Ends all nodes, frozen ones too, and removes their data. */
  stop(): Promise<void>
}

/**
 * Starts a Redis Cluster of our own on 127.0.0.1, with all slots assigned; resolves when every node says that it is
 * well. It begins empty, and ends with this process.
 */
export async function startCluster(options: ClusterOptions): Promise<PrivateCluster> {
  const count = options.primaries * (1 + options.replicas)
  const started = await Promise.allSettled(
    Array.from({ length: count }, (_, index) => startNode(options, index)),
  )
  const nodes = started.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  const cluster: PrivateCluster = {
    nodes,
    seeds: nodes.map(({ announced }) => `127.0.0.1:${announced.port}`).join(','),
    stop: async () => {
      await Promise.all(nodes.map(endNode))
    },
  }
  try {
    const failed = started.find(each => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await connectNodes(nodes, options.primaries)
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

async function startNode(options: ClusterOptions, index: number): Promise<ClusterNode> {
  const own: ClusterPorts = { port: await freePort(), busPort: await freePort() }
  const announced = (await options.announce?.(own, index)) ?? own
  const dataDir = join(options.dir, String(own.port))
  rmSync(dataDir, { recursive: true, force: true })
  const start = () =>
    startPrivateRedis({
      binary: options.binary,
      dataDir,
      port: own.port,
      args: [...clusterArgs(own, announced, options.nodeTimeoutMs), ...(options.argsOf?.(index) ?? [])],
    })
  let server: PrivateRedis = await start()
  return {
    ...{ index, url: server.url, port: own.port, announced, dataDir },
    get pid() {
      return server.pid
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    restart: async ({ forget = false } = {}) => {
      if (forget) rmSync(join(dataDir, NODES_FILE))
      server = await start()
    },
    freeze: () => process.kill(server.pid, 'SIGSTOP'),
    thaw: () => process.kill(server.pid, 'SIGCONT'),
  }
}

function clusterArgs(own: ClusterPorts, announced: ClusterPorts, nodeTimeoutMs: number): string[] {
  return [
    ...['--cluster-enabled', 'yes', '--cluster-config-file', NODES_FILE],
    ...['--cluster-port', String(own.busPort), '--cluster-node-timeout', String(nodeTimeoutMs)],
    ...['--cluster-announce-ip', '127.0.0.1', '--cluster-announce-port', String(announced.port)],
    ...['--cluster-announce-bus-port', String(announced.busPort)],
    // A primary without a replica that dies takes its own slots along, not those of the others.
    ...['--cluster-require-full-coverage', 'no'],
    // A replica has its copy at once, not after five seconds.
    ...['--repl-diskless-sync-delay', '0'],
  ]
}

async function endNode(node: ClusterNode): Promise<void> {
  try {
    node.thaw()
  } catch {
    // It has ended.
  }
  await node.kill()
  rmSync(node.dataDir, { recursive: true, force: true })
}

/** Introduces the nodes to each other, gives the slots to the primaries in equal parts, and each replica its primary. */
async function connectNodes(nodes: readonly ClusterNode[], primaries: number): Promise<void> {
  const [first] = nodes
  await Promise.all(
    nodes.map(({ port, index }) =>
      commandRedis(port, async client => {
        await client.cluster('SET-CONFIG-EPOCH', index + 1)
        if (index < primaries) {
          const [from, to] = [index, index + 1].map(part => Math.floor((part * SLOTS) / primaries))
          await client.cluster('ADDSLOTSRANGE', from!, to! - 1)
        }
        if (index === 0) return
        await client.call(
          ...['CLUSTER', 'MEET', '127.0.0.1'],
          ...[first!.announced.port, first!.announced.busPort].map(String),
        )
      }),
    ),
  )
  await untilAll(nodes, async client => {
    const known = String(await client.cluster('NODES'))
    return known.match(/ connected/g)?.length === nodes.length && !known.includes('handshake')
  })
  const ids = await Promise.all(
    nodes.map(({ port }) => commandRedis(port, client => client.cluster('MYID') as Promise<string>)),
  )
  for (const { port, index } of nodes.slice(primaries)) {
    await commandRedis(port, client => client.cluster('REPLICATE', ids[index % primaries]!))
  }
  await untilAll(nodes, async client => {
    const [state, known] = [String(await client.cluster('INFO')), String(await client.cluster('NODES'))]
    const replicas = known.match(/slave/g)?.length ?? 0
    if (!state.includes('cluster_state:ok') || replicas !== nodes.length - primaries) return false
    return !(await client.info('replication')).includes('master_link_status:down')
  })
}

/** Resolves when `holds` of each node. */
async function untilAll(
  nodes: readonly ClusterNode[],
  holds: Parameters<typeof commandRedis<boolean>>[1],
): Promise<void> {
  const patience = performance.now() + START_TIMEOUT_MS
  for (const { port } of nodes) {
    while (!(await commandRedis(port, holds))) {
      if (performance.now() > patience)
        throw new Error('the nodes of the private cluster do not agree in time')
      await sleep(PAUSE_MS)
    }
  }
}
