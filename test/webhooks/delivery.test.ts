import t from 'tap'
import { outageWebhooks } from '../../src/telemetry/outage-webhooks.ts'
import { Delivery } from '../../src/webhooks/delivery.ts'
import { InstanceEvents } from '../../src/webhooks/instance-events.ts'
import type { Answer, Message, WebhookObserverPort } from '../../src/webhooks/ports.ts'

const MESSAGE = { id: 'msg_1', type: 'test', body: '{}' }

/** A receiver that gives these answers, and then takes everything; and what was observed. */
function receiverOf(answers: Answer[]) {
  const sent: Message[] = []
  const dropped: string[] = []
  const pauses: number[] = []
  const end = new AbortController()
  const observer: WebhookObserverPort = {
    tried: () => {},
    dropped: (_type, cause) => dropped.push(cause),
    oldest: () => {},
    failed: () => {},
  }
  const send = async (message: Message) => {
    sent.push(message)
    return { answer: answers.shift() ?? 'taken', detail: '' } as const
  }
  const delivery = new Delivery({ receiver: { send }, observer, maxAgeMs: 60_000, signal: end.signal })
  const pause = async (ms: number) => {
    pauses.push(ms)
  }
  return { sent, dropped, pauses, end, observer, delivery, pause }
}

t.test('failures are tried again, with longer and longer pauses up to half a minute', async t => {
  const { sent, dropped, pauses, delivery, pause } = receiverOf(Array(12).fill('failed'))
  t.equal(await delivery.deliver(MESSAGE, 0, pause), true)
  t.equal(sent.length, 13)
  t.strictSame(dropped, [])
  t.ok(pauses[0]! >= 500 && pauses[0]! <= 1_000, String(pauses[0]))
  t.ok(pauses.at(-1)! >= 15_000 && pauses.at(-1)! <= 30_000, String(pauses.at(-1)))
})

t.test('the first pause of the next event is as long, while the receiver is away', async t => {
  const { pauses, delivery, pause } = receiverOf(Array(10).fill('failed'))
  const late = { pause: async () => Promise.reject(new Error('the claim was lost')) }
  await t.rejects(delivery.deliver(MESSAGE, 0, late.pause), /the claim was lost/)
  for (let events = 0; events < 3; events++) await delivery.deliver(MESSAGE, 0, pause)
  t.ok(pauses[0]! >= 1_000, 'it counts the failure before')
})

t.test('an event that is too old is dropped untried', async t => {
  const { sent, dropped, delivery, pause } = receiverOf([])
  t.equal(await delivery.deliver(MESSAGE, 60_001, pause), true)
  t.equal(sent.length, 0)
  t.strictSame(dropped, ['too-old'])
})

t.test('an event that is refused five times is dropped', async t => {
  const { sent, dropped, delivery, pause } = receiverOf(['failed', ...Array(9).fill('refused')])
  t.equal(await delivery.deliver(MESSAGE, 0, pause), true)
  t.equal(sent.length, 6)
  t.strictSame(dropped, ['refused'])
})

t.test('the end of the process ends the tries', async t => {
  const { end, delivery } = receiverOf(Array(9).fill('failed'))
  t.equal(await delivery.deliver(MESSAGE, 0, async () => end.abort()), false)
})

t.test('what an instance saw: in order, and the oldest go when too much waits', async t => {
  const { sent, dropped, end, observer } = receiverOf([])
  let open = () => {}
  const gate = new Promise<void>(resolve => {
    open = resolve
  })
  const delivery = {
    deliver: async (message: Message) => {
      await gate
      sent.push(message)
      return true
    },
  }
  const events = new InstanceEvents({ delivery, observer, instance: 'i', signal: end.signal })
  for (let number = 0; number < 150; number++) events.add('test', { number })
  open()
  await events.stopped()
  // The first one was under way.
  t.equal(dropped.length, 49)
  t.strictSame(
    sent.map(({ body }) => JSON.parse(body).data.number),
    [0, ...Array.from({ length: 100 }, (_, i) => i + 50)],
  )
  events.add('test', { number: 150 })
  await events.stopped()
  t.equal(sent.length, 102, 'it begins again')
})

t.test('probes of an open breaker are no news', async t => {
  const told: string[] = []
  const { breakerChanged, viewOff, viewOn } = outageWebhooks(type => told.push(type))
  for (const state of ['open', 'half-open', 'open', 'half-open', 'closed', 'closed'] as const)
    breakerChanged!(state)
  viewOff!('redis-unreachable')
  viewOn!(1_000, 'the cache was emptied')
  t.strictSame(told, ['breaker.opened', 'breaker.closed', 'cache.off', 'cache.on'])
})
