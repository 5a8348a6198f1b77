import { connect } from 'node:net'
import t from 'tap'
import { DatabaseUnavailableError } from '../../../src/consistency/store-port.ts'
import { eventually, SERVICE, startStack, type TestGateway } from '../../helper/gateway.ts'
import { bearer } from '../../helper/tokens.ts'
import { countBehind, get, ORIGIN, SCALP } from './get.ts'

const CAROL = bearer('carol')

async function statusesOf(gateway: TestGateway, headers: Record<string, string>, count: number) {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) statuses.push((await get(gateway, SCALP, headers)).status)
  return statuses
}

t.test('limits count every read once, wherever it is answered', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '6', RATE_LIMIT_WRITE_MAX: '6' })
  const { reads } = gateway.services
  const answers = t.capture(reads, 'answer', reads.answer)
  const behindSoFar = countBehind(t)
  t.strictSame(await statusesOf(gateway, CAROL, 8), [200, 200, 200, 200, 200, 200, 429, 429])
  t.equal(behindSoFar(), 1, 'the first one is verified behind')
  t.equal(answers().length, 6, 'over the limit nothing is read')
  const inFront = await get(gateway, SCALP, { ...CAROL, 'x-request-id': 'the-same' })
  const behind = await get(gateway, SCALP, { ...CAROL, ...ORIGIN, 'x-request-id': 'the-same' })
  t.ok(Number(inFront.headers['retry-after']) > 0)
  const { 'retry-after': _inFront, ...headers } = inFront.headers
  const { 'retry-after': _behind, ...others } = behind.headers
  t.strictSame(headers, others)
  t.match(JSON.parse(inFront.body), { status: 429, code: 'RATE_LIMITED', instance: 'the-same' })
})

t.test('over the limit nothing is read, and nobody created, however many come at once', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '10', RATE_LIMIT_WRITE_MAX: '10' })
  const { reads, pool } = gateway.services
  await get(gateway, SCALP, { ...SERVICE, ...ORIGIN, 'x-user-id': 'first' })
  const answers = t.capture(reads, 'answer', reads.answer)
  const users = Array.from({ length: 60 }, (_, i) => ({ ...SERVICE, 'x-user-id': `new-${i}` }))
  const replies = await Promise.all(users.map(user => get(gateway, SCALP, user)))
  t.equal(replies.filter(({ status }) => status === 200).length, 9)
  t.equal(answers().length, 9)
  const { rows } = await pool.query("SELECT DISTINCT user_id FROM documents WHERE user_id LIKE 'new-%'")
  t.equal(rows.length, 9)
})

t.test('a read that fails in front counts once, and its time is that of its wait', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '6', RATE_LIMIT_WRITE_MAX: '6' })
  await get(gateway, SCALP, CAROL)
  gateway.services.reads.answer = (_actor, _read, _known, onAnswer) => {
    setTimeout(onAnswer, 100, new DatabaseUnavailableError('away'), undefined)
  }
  t.strictSame(await statusesOf(gateway, CAROL, 6), [503, 503, 503, 503, 503, 429])
  const { body } = await gateway.app.inject({ url: '/metrics' })
  const [, seconds] =
    /seconds_sum\{method="GET",route="[^"]*modes\/:mode",status="503"\} ([\d.]+)/.exec(body) ?? []
  t.ok(Number(seconds) > 0.45, `${seconds} s`)
})

t.test('large answers that are not taken are bounded in front as behind', async t => {
  const { gateway } = await startStack(t, { ANSWERS_IN_FLIGHT_BYTES: String(1_024 * 1_024) })
  const inFlight = async () => {
    const { body } = await gateway.app.inject({ url: '/metrics' })
    return Number(/^http_answers_in_flight_bytes (\d+)$/m.exec(body)?.[1])
  }
  const dave = bearer('dave')
  for (const caller of [CAROL, dave]) await get(gateway, SCALP, caller)
  // More than the buffers of a socket hold.
  const body = Buffer.alloc(32 * 1_024 * 1_024, ' ')
  gateway.services.reads.answer = (_actor, _read, _known, onAnswer) =>
    onAnswer(undefined, { status: 'hit', versions: [1], body })
  for (const more of [{}, ORIGIN]) {
    const lines = Object.entries({ host: 'x', ...CAROL, ...more }).map(([name, value]) => `${name}: ${value}`)
    const silent = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    silent.write(`GET ${SCALP} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    await eventually('the first is counted, however large', async () => (await inFlight()) === body.length)
    t.match(await get(gateway, SCALP, { ...CAROL, ...more }), {
      status: 429,
      headers: { 'retry-after': '1' },
    })
    t.match(await get(gateway, SCALP, { ...dave, ...more }), { status: 503, headers: { 'retry-after': '1' } })
    silent.destroy()
    await eventually('nothing is held for who has left', async () => (await inFlight()) === 0)
  }
})
