import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { ByteBudget } from '../../../src/http/byte-budget.ts'
import { CallerLimits } from '../../../src/http/rate-limits.ts'
import { SocketDoor } from '../../../src/http/reads/door.ts'
import { Responder } from '../../../src/http/reads/responder.ts'
import { PLAIN_READS } from '../../../src/http/reads/table.ts'
import type { ReadAnswer, ReadService } from '../../../src/settings/service.ts'
import { SCALP } from './get.ts'

const BOT = { host: 'x', authorization: 'Bearer not-looked-at', 'x-user-id': '42' }
const HIT: ReadAnswer = { status: 'hit', versions: [1], body: Buffer.from('{}') }

interface Sent {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer | string | undefined
}

/** The door over reads that `answer` makes, without a socket. */
function doorOver(t: Test, answer: ReadService['answer']) {
  const state = { draining: false }
  const log = () => {}
  const sent: Sent[] = []
  const told: number[] = []
  const door = new SocketDoor({
    table: PLAIN_READS,
    reads: { answer, requireUser: async () => {} },
    responder: new Responder({
      answers: new ByteBudget(1_024 * 1_024),
      draining: () => state.draining,
      log: { debug: log, warn: log, error: log },
    }),
    authenticator: { known: () => ({ kind: 'service', id: 'bot', caller: 'service:bot' }) },
    limits: new CallerLimits({ windowMs: 1_000, max: 0, writeMax: 0, authFailuresMax: 0 }),
    underPressure: () => false,
    onAnswered: (_exchange, status) => told.push(status),
  })
  const take = (more: Record<string, string> = {}) => {
    const request = { method: 'GET', url: SCALP, headers: { ...BOT, ...more } } as unknown as IncomingMessage
    let begun: Omit<Sent, 'body'>
    const response = {
      writeHead: (status: number, head: string[]) => {
        const pairs = head.flatMap((name, i) => (i % 2 === 0 ? [[name, head[i + 1]!] as const] : []))
        t.equal(new Set(pairs.map(([name]) => name)).size, pairs.length, 'no header twice')
        begun = { status, headers: Object.fromEntries(pairs) }
      },
      end: (body: Sent['body']) => sent.push({ ...begun, body }),
    } as unknown as ServerResponse
    return door.take(request, response)
  }
  return { take, sent, told, state }
}

t.test(
  'while the gateway drains every answer closes its connection, also one that was begun before',
  async t => {
    const { take, sent, told, state } = doorOver(t, (_actor, _read, _known, onAnswer) => {
      state.draining = true
      onAnswer(undefined, HIT)
    })
    t.ok(take())
    t.ok(take({ 'if-none-match': '"1"' }))
    state.draining = false
    t.match(sent, [
      { status: 200, headers: { connection: 'close' } },
      { status: 304, headers: { connection: 'close' } },
    ])
    t.strictSame(told, [200, 304])
  },
)

t.test('what is read, in whose name, and how it is answered', async t => {
  const body = Buffer.from('{"version":7}')
  const { take, sent } = doorOver(t, (actor, read, known, onAnswer) => {
    t.strictSame(actor, { userId: '42', caller: 'service:bot', isLooking: false })
    t.strictSame(read.addresses, [{ kind: 'mode.scalp' }])
    t.strictSame(known, undefined)
    onAnswer(undefined, { status: 'miss-stored', versions: [7], body })
  })
  t.ok(take({ 'x-request-id': 'mine' }))
  const headers = {
    'cache-status': 'settings-gateway; fwd=miss; stored',
    'content-length': '13',
    etag: '"7"',
    'x-request-id': 'mine',
  }
  t.match(sent, [{ status: 200, headers, body }])
  t.notOk('connection' in sent[0]!.headers)
})

t.test('the same bytes are a hit, and later unverified', async t => {
  const { take, sent } = doorOver(t, (_actor, _read, _known, onAnswer) =>
    onAnswer(undefined, sent.length === 1 ? { ...HIT, status: 'unverified' } : HIT),
  )
  for (let i = 0; i < 3; i++) take()
  t.strictSame(
    sent.map(({ headers }) => headers['cache-status']),
    ['settings-gateway; hit', 'settings-gateway; hit; detail=unverified', 'settings-gateway; hit'],
  )
})

t.test('a fault is a problem that tells nothing of the inside', async t => {
  const { take, sent, told } = doorOver(t, (_actor, _read, _known, onAnswer) =>
    onAnswer(new Error('the secret inside'), undefined),
  )
  t.ok(take())
  t.match(sent, [{ status: 500, headers: { 'content-type': 'application/problem+json; charset=utf-8' } }])
  t.notMatch(String(sent[0]!.body), /secret/)
  t.strictSame(told, [500])
})
