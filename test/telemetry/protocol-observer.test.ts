import Fastify from 'fastify'
import t from 'tap'
import type { View } from '../../src/consistency/views.ts'
import { Activity } from '../../src/telemetry/activity.ts'
import { toAll } from '../../src/telemetry/fan-out.ts'
import { ProtocolObserver } from '../../src/telemetry/protocol-observer.ts'

const view = (mode: View['mode'], epoch: number, reason: string): View => ({
  ...{ mode, epoch, reason, drained: false, identity: null, database: null, leaseMs: 0 },
})

function observed() {
  const activity = new Activity()
  const observer = new ProtocolObserver(Fastify().log, toAll(activity))
  const seen = () => activity.transitions.list().map(({ state, detail }) => `${state}: ${detail}`)
  return { observer, seen }
}

t.test('what this instance did is told once, although it sees it again', async t => {
  const { observer, seen } = observed()
  observer.viewSeen(view('OFF', 0, 'new'))
  t.same(seen(), [], 'the first sight is no transition')
  observer.viewOn(1, 300, 'cold')
  observer.viewSeen(view('ON', 1, 'gate'))
  observer.viewOff('redis-unreachable', 2)
  observer.viewSeen(view('OFF', 2, 'redis-unreachable'))
  t.same(seen(), ['off: redis-unreachable', 'on: the cache was emptied'])
})

t.test('what others did is seen, with the time it took', async t => {
  const { observer, seen } = observed()
  observer.viewSeen(view('ON', 1, 'gate'))
  observer.viewSeen(view('OFF', 2, 'manual-edit'))
  observer.viewSeen(view('OFF', 3, 'manual-edit'))
  observer.viewSeen(view('ON', 3, 'gate'))
  t.same(seen(), ['on: by another instance', 'off: manual-edit'])
})

t.test('a view that was read before it was turned ON in the same epoch is old news', async t => {
  const { observer, seen } = observed()
  observer.viewSeen(view('OFF', 3, 'new'))
  observer.viewOn(4, 300, 'cold')
  observer.viewSeen(view('OFF', 4, 'new'))
  t.same(seen(), ['on: the cache was emptied'])
})

t.test('a view that was read before it was turned OFF here is old news', async t => {
  const { observer, seen } = observed()
  observer.viewSeen(view('ON', 1, 'gate'))
  observer.viewOff('redis-unreachable', 2)
  observer.viewSeen(view('ON', 1, 'gate'))
  t.same(seen(), ['off: redis-unreachable'])
})
