import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'
import fastify from 'fastify'
import t from 'tap'
import { ChangeFeed, pauseAfter } from '../../src/events/change-feed.ts'
import { type ChangePoint, parsePoint, pointText } from '../../src/events/change-point.ts'
import type { ChangeListener, ChangeLog, DocumentChange } from '../../src/events/ports.ts'
import { EventStream } from '../../src/http/event-stream.ts'
import { eventually } from '../helper/gateway.ts'

const LIMITS = { all: 100, perUser: 100 }

function change(userId: string, version: number): DocumentChange {
  return { userId, document: 'mode.scalp', version, deleted: false, xid: BigInt(version) }
}

/** A log that answers each look with the next of `steps`, and then with nothing new. */
function scripted(
  steps: ('not-yet' | (Partial<ChangePoint> & { changes: readonly DocumentChange[] | 'too-many' }))[],
) {
  let point: ChangePoint = { database: '00000000', next: 1n, running: [] }
  const log: ChangeLog & { looks: number } = {
    looks: 0,
    since: async () => {
      log.looks++
      const step = steps.shift() ?? { changes: [] }
      if (step === 'not-yet') return step
      const { changes, ...next } = step
      point = { ...point, ...next }
      return { point, changes }
    },
    documentsOf: async () => [],
  }
  return log
}

function recorder(userId: string, since?: ChangePoint | null) {
  const heard: unknown[][] = []
  const listener: ChangeListener = {
    userId,
    since,
    expiry: undefined,
    open: (point, missed) => heard.push(['open', pointText(point), missed]),
    changed: (point, changes) => heard.push(['changed', pointText(point), changes]),
    idle: () => {},
    fail: error => heard.push(['fail', error]),
    end: () => heard.push(['end']),
  }
  return { heard, listener }
}

t.test('points are written and read back', async t => {
  for (const text of ['3f2a9c01-1042', '3f2a9c01-1042-1030,1035']) t.equal(pointText(parsePoint(text)!), text)
  for (const text of ['', '7', '3f2a9c01', '3f2a9c01-x', '3f2a9c01-1-', `3f2a9c01-1-${'1,'.repeat(3_000)}1`])
    t.equal(parsePoint(text), undefined, text.slice(0, 20))
})

t.test('too many changes, or another database, ask everybody to read again', async t => {
  const log = scripted([
    { changes: [] },
    { next: 9n, changes: 'too-many' },
    { database: '11111111', next: 3n, changes: [] },
    { next: 2n, changes: [] },
  ])
  const feed = new ChangeFeed({ log, limits: LIMITS, onTrouble: error => t.fail(String(error)) })
  t.teardown(() => feed.close())
  const { heard, listener } = recorder('1')
  feed.add(listener)
  await eventually('all was told', () => log.looks > 4)
  t.strictSame(
    heard.filter(([kind, , what]) => kind === 'open' || what === 'resync'),
    [
      ['open', '00000000-1', []],
      ['changed', '00000000-9', 'resync'],
      ['changed', '11111111-3', 'resync'],
      ['changed', '11111111-2', 'resync'],
    ],
  )
})

t.test('nobody listens: nothing is asked', async t => {
  const log = scripted([])
  const feed = new ChangeFeed({ log, limits: LIMITS, onTrouble: () => {} })
  t.teardown(() => feed.close())
  const { listener } = recorder('1')
  feed.add(listener)
  await eventually('it is asked', () => log.looks > 1)
  feed.remove(listener)
  feed.remove(listener)
  t.equal(feed.count, 0)
  let last = -1
  await eventually('it is asked no more', async () => {
    const same = last === log.looks
    last = log.looks
    if (!same) await new Promise(resolve => setTimeout(resolve, 300))
    return same
  })
  const again = recorder('1')
  feed.add(again.listener)
  await eventually('and again for the next one', () => again.heard.length === 1)
})

t.test('nothing is told, and no stream begins, before it can be read everywhere', async t => {
  const log = scripted([
    'not-yet',
    { changes: [] },
    'not-yet',
    'not-yet',
    { next: 9n, changes: [change('1', 3)] },
  ])
  const feed = new ChangeFeed({ log, limits: LIMITS, onTrouble: error => t.fail(String(error)) })
  t.teardown(() => feed.close())
  const [first, second] = [recorder('1'), recorder('1')]
  feed.add(first.listener)
  await eventually('it looked', () => log.looks === 1)
  t.strictSame(first.heard, [])
  await eventually('it is opened', () => first.heard.length === 1)
  feed.add(second.listener)
  await eventually('it looked again', () => log.looks === 4)
  t.strictSame([first.heard.length, second.heard.length], [1, 0])
  await eventually('the second is opened', () => second.heard.length === 1)
  t.strictSame(first.heard, [
    ['open', '00000000-1', []],
    ['changed', '00000000-9', [change('1', 3)]],
  ])
  t.strictSame(second.heard, [['open', '00000000-9', []]], 'behind what it may read by now')
})

t.test('after a stall of the database the next look is soon', async t => {
  t.equal(pauseAfter(2), 98)
  t.equal(pauseAfter(50), 450, 'a tenth of a connection')
  t.equal(pauseAfter(3_000), 1_000)
})

t.test('who leaves while being let in is forgotten', async t => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const log = scripted([{ changes: [] }, { changes: [change('1', 2)] }])
  let asked = false
  log.documentsOf = async () => {
    asked = true
    await promise
    return []
  }
  const feed = new ChangeFeed({ log, limits: LIMITS, onTrouble: () => {} })
  t.teardown(() => feed.close())
  const [gone, stays] = [recorder('1', { database: '00000000', next: 1n, running: [] }), recorder('1')]
  feed.add(gone.listener)
  feed.add(stays.listener)
  await eventually('they are let in', () => asked)
  feed.remove(gone.listener)
  resolve()
  await eventually('the other one is told', () => stays.heard.length === 2)
  t.strictSame(gone.heard, [])
  t.equal(feed.count, 1)
})

t.test('a listener that takes nothing is cut off with little of its backlog held', async t => {
  const flood = Array.from({ length: 2_000 }, (_, i) => change('1', i + 1))
  const log = scripted([{ changes: [] }, ...Array.from({ length: 200 }, () => ({ changes: flood }))])
  const feed = new ChangeFeed({ log, limits: LIMITS, onTrouble: error => t.fail(String(error)) })
  const app = fastify()
  let dropped = 0
  let most = 0
  app.get('/', async (_request, reply) => {
    const onDropped = () => {
      dropped++
      most = Math.max(most, reply.raw.writableLength)
    }
    const stream = new EventStream({ reply, userId: '1', expiry: undefined, since: undefined, onDropped })
    feed.add(stream)
    reply.raw.once('close', () => feed.remove(stream))
    await stream.opened
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    await feed.close()
    await app.close()
  })
  const request = get(url, { agent: false })
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  response.pause()
  await eventually('it is cut off', () => dropped === 1)
  await eventually('and forgotten', () => feed.count === 0)
  t.ok(most < 512 * 1024, `${most} bytes were held`)
  request.destroy()
})
