import t from 'tap'
import { ClusterStatus, type NodeState, worstBreaker } from '../../src/lifecycle/cluster-status.ts'
import { PartitionObservers } from '../../src/telemetry/partition-observers.ts'
import { NO_TELEMETRY } from '../../src/telemetry/telemetry.ts'

const SINCE = new Date('2026-01-06T12:00:00Z')

function node(port: number, partitions: number, state: 'closed' | 'open' = 'closed'): NodeState {
  return {
    address: `127.0.0.1:${port}`,
    partitions,
    client: { status: 'ready', ping: async () => 'PONG' },
    breaker: {
      closed: state === 'closed',
      state,
      since: SINCE,
      consecutiveFailures: state === 'closed' ? 0 : 3,
    },
    refusal: undefined,
  }
}

const statusOf = (nodes: readonly NodeState[], on: number) =>
  new ClusterStatus({ nodes: () => nodes, partitions: () => ({ total: 64, on }) })

t.test('a cluster that is well has no warnings', async t => {
  const status = statusOf([node(1, 32), node(2, 32)], 64)
  const health = await status.health()
  t.match(health, { status: 'up', breaker: 'closed', consecutive_failures: 0 })
  t.match(health.nodes, [{ address: '127.0.0.1:1', status: 'up', partitions: 32 }, {}])
  t.strictSame(status.warnings(health, true), [])
})

t.test('a node that is down is named, with what it owns', async t => {
  const nodes = [node(1, 22), node(2, 21, 'open'), node(3, 21)]
  const status = statusOf(nodes, 40)
  const health = await status.health()
  t.match(health, { status: 'up', breaker: 'open', consecutive_failures: 3, since: SINCE.toISOString() })
  t.strictSame(status.warnings(health, true), [
    'the Redis node 127.0.0.1:2, which owns 21 of 64 partitions, is not usable: their users are answered from PostgreSQL',
    'the cache is not trusted yet for 3 of 64 partitions',
  ])
  t.equal(worstBreaker({ nodes: () => nodes, partitions: status.partitions }), 'open')
})

t.test('no node, and slots that no node owns', async t => {
  const none = await statusOf([], 0).health()
  t.match(none, { status: 'down', latency_ms: null, breaker: 'open', nodes: [] })
  t.strictSame(statusOf([], 0).warnings(none, false), [
    'no node of the Redis Cluster is known to own 64 of 64 partitions',
  ])
  const some = statusOf([node(1, 60)], 60)
  t.match(some.warnings(await some.health(), true), [/own 4 of 64 partitions: their users/])
})

t.test('what happens to many partitions at once is one line of the log and one transition', async t => {
  const told: string[] = []
  const log = {
    warn: (_fields: object, line: string) => void told.push(line),
    info: (_fields: object, line: string) => void told.push(line),
  }
  const observers = new PartitionObservers({
    log: log as never,
    telemetry: {
      ...NO_TELEMETRY,
      viewOff: reason => void told.push(reason),
      viewOn: (_ms, how) => void told.push(how),
    },
    shared: { step: () => {}, failed: () => {} },
    partitions: 64,
  })
  const each = Array.from({ length: 21 }, () => observers.make())
  for (const observer of each) observer.viewOn(1, 300, 'cold')
  observers.flush()
  for (const observer of each) observer.viewOff('redis-identity', 2)
  for (const observer of each) observer.viewOff('redis-identity', 2)
  observers.flush()
  t.strictSame(told, [
    'the cache was turned ON for 21 of 64 partitions',
    'the cache was emptied (21 of 64 partitions)',
    'the cache was turned OFF for 21 of 64 partitions: the settings of their users are answered from PostgreSQL',
    'redis-identity',
  ])
})
