import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import t from 'tap'
import { ClusterNodes } from '../../src/cache/cluster-nodes.ts'
import type { ClusterTopology } from '../../src/cache/cluster-topology.ts'
import { KeySweeper } from '../../src/cache/key-sweeper.ts'
import { PartitionCache } from '../../src/cache/partition-cache.ts'
import { partitionPlaces, partitionTags } from '../../src/cache/partition-names.ts'
import { type Reply, RespError } from '../../src/cache/resp.ts'
import type { ScriptRunner } from '../../src/cache/script-runner.ts'
import { type ClusterTarget, loadConfig } from '../../src/config.ts'
import { PARTITIONS } from '../../src/consistency/partitions.ts'
import { readAllKnownNumbers } from '../../src/sequence/known-numbers.ts'
import { JWT_SECRET } from '../helper/gateway.ts'

const PLACES = partitionPlaces('bot1:')
const V = { epoch: 1, database: 'd', identity: { runId: 'r', replicationId: 'i' } }

t.test('the places of the partitions are the same in every gateway, for ever', async t => {
  t.equal(PLACES.length, PARTITIONS)
  PLACES.forEach(({ slot, partition }, index) => {
    t.equal(partition, index)
    t.ok(slot >= 256 * index + 64 && slot < 256 * index + 192, 'in the middle of its slots')
  })
  t.equal(PLACES[3]!.names.user('42', 'mode:scalp'), 'bot1:{342}:user:42:mode:scalp')
  const tags = createHash('sha256').update(partitionTags().join()).digest('hex')
  t.equal(tags, '368f58f1bc5243357552f3f4af800805d5f2502ef7d601532412b272a9645e2f')
})

/** A sweeper over what CLUSTER GETKEYSINSLOT and SCAN answer. */
function sweeperOver(answers: (args: readonly string[]) => Reply | Error) {
  const asked: string[] = []
  const ask = async (_identity: unknown, args: readonly string[]) => {
    asked.push(args.join(' '))
    const answer = answers(args)
    if (answer instanceof Error) throw answer
    return answer
  }
  const { names, slot } = PLACES[3]!
  return { asked, sweeper: new KeySweeper({ ask } as unknown as ScriptRunner, names, slot) }
}

t.test('a cold start looks into the slot until one answer holds all of its keys', async t => {
  const { names, slot } = PLACES[3]!
  const own = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => names.user(`u${from + index}`, 'mode:scalp'))
  const others = [names.view, 'bot1:{342}:other']
  const pages = [
    [...own(0, 498), ...others],
    [...others, ...own(498, 10)],
  ]
  const { asked, sweeper } = sweeperOver(() => pages.shift()!.map(key => Buffer.from(key)))
  const first = await sweeper.look(V, null)
  t.match(first, { own: own(0, 498), next: '2' })
  t.match(await sweeper.look(V, '2'), { own: own(498, 10), next: null })
  t.strictSame(asked, [`CLUSTER GETKEYSINSLOT ${slot} 500`, `CLUSTER GETKEYSINSLOT ${slot} 502`])
})

t.test('a server that refuses to tell the keys of a slot is scanned', async t => {
  const key = PLACES[3]!.names.user('42', 'mode:scalp')
  const { asked, sweeper } = sweeperOver(([command, cursor]) =>
    command === 'SCAN'
      ? [Buffer.from(cursor === '0' ? '7' : '0'), [Buffer.from(key), Buffer.from('user:42:mode:scalp')]]
      : new RespError('NOPERM no permissions'),
  )
  t.match(await sweeper.look(V, null), { own: [key], next: 'scan 7' })
  t.match(await sweeper.look(V, 'scan 7'), { own: [key], next: null })
  t.match(asked.slice(1), [/^SCAN 0 MATCH bot1:\{342\}:\* /, /^SCAN 7 /])
  const moved = sweeperOver(() => new RespError('MOVED 949 127.0.0.1:1'))
  await t.rejects(moved.sweeper.look(V, null), /MOVED/, 'another node has the keys: nothing is known')
})

t.test('nodes are opened and closed as the slots move', async t => {
  const config = loadConfig({
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
    JWT_SECRET,
    REDIS_CLUSTER_NODES: '127.0.0.1:1',
  })
  const owners = new Map<number, string>()
  const told: string[] = []
  const topology = Object.assign(new EventEmitter(), {
    ownerOf: (slot: number) => owners.get(slot),
    moved: (slot: number, address: string) => void told.push(`${slot} ${address}`),
    refresh: () => void told.push('refresh'),
  }) as unknown as ClusterTopology & { emit(event: 'change'): boolean }
  const events = () => ({ breaker: () => {}, trouble: () => {}, notice: () => {}, fault: () => {} })
  const target = config.redis.target as ClusterTarget
  const nodes = new ClusterNodes({ config, target, topology, places: PLACES, events })
  t.teardown(() => nodes.close())
  const cache = new PartitionCache(nodes, PLACES[0]!)
  t.equal(cache.usable, false, 'no owner is known')
  await t.rejects(cache.identify(), /no node of the cluster/)

  // More nodes than there may be, one after the other: those without partitions go first.
  for (let round = 0; round < 3; round++) {
    for (const { slot, partition } of PLACES) owners.set(slot, `127.0.0.1:${1 + round * 64 + partition}`)
    topology.emit('change')
    t.equal(nodes.list().length, PARTITIONS)
  }
  t.equal(nodes.ownerOf(5)?.address, '127.0.0.1:134')
  t.equal(cache.usable, true, 'its breaker is closed')
  owners.delete(PLACES[5]!.slot)
  topology.emit('change')
  t.equal(nodes.ownerOf(5)?.address, '127.0.0.1:134', 'without an owner the last one may be the next one')

  const [connection] = nodes.ownerOf(5)!.server.connections
  connection!.emit('refused', new RespError('MOVED 1413 10.0.0.9:6380'))
  connection!.emit('refused', new RespError('MOVED 1413 :6380'))
  connection!.emit('refused', new RespError('CLUSTERDOWN Hash slot not served'))
  connection!.emit('refused', new RespError('OOM command not allowed'))
  t.strictSame(told, ['1413 10.0.0.9:6380', 'refresh', '1413 127.0.0.1:6380', 'refresh', 'refresh'])
})

t.test('what is known of order numbers is the highest of all partitions', async t => {
  const notes = (...days: [string, number][]) => ({ usable: true, notes: async () => new Map(days) })
  const away = { usable: false, notes: () => Promise.reject(new Error('away')) }
  const caches = [notes(['20260106', 7], ['20260107', 1]), away, notes(['20260106', 42])]
  const known = await readAllKnownNumbers(caches, { sleep: async () => {} })
  t.strictSame(
    [...known],
    [
      ['20260106', 42],
      ['20260107', 1],
    ],
  )
})
