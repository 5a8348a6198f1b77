import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { DOCUMENTS } from '../../src/documents/catalogue.ts'
import { DomainError } from '../../src/errors.ts'
import { ByteBudget } from '../../src/http/byte-budget.ts'
import { refsOfUser } from '../../src/settings/document-refs.ts'
import { needsRoom, requireRoom } from '../../src/settings/user-size.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually, SERVICE, startGateway } from '../helper/gateway.ts'

/** Bytes that callers make the process hold: bodies, answers, and all documents of a user. */

const MIB = 1_024 * 1_024
const SCALP = '/api/futures/ginie/modes/scalp'

t.test('a budget of bytes: one caller has an eighth, the first always passes', async t => {
  const budget = new ByteBudget(800)
  const first = budget.take('a', 5_000)
  t.type(first, 'function', 'however large')
  t.equal(budget.take('a', 1), 'caller')
  t.equal(budget.take('b', 1), 'all')
  if (typeof first === 'function') first()
  const releases = Array.from({ length: 8 }, (_, i) => budget.take(`c${i}`, 100))
  t.ok(releases.every(release => typeof release === 'function'))
  t.equal(budget.take('d', 1), 'all')
  for (const release of releases) if (typeof release === 'function') release()
  t.equal(budget.bytes, 0)
})

t.test('a reservation that grows in many pieces is given back as a whole', async t => {
  const budget = new ByteBudget(800)
  const reservation = budget.open('a')
  for (let i = 0; i < 100; i++) t.equal(reservation.add(1), undefined)
  t.equal(reservation.add(1), 'caller')
  t.equal(budget.bytes, 100)
  reservation.release()
  t.equal(budget.bytes, 0)
  t.type(budget.take('a', 800), 'function')
})

const gateway = await startGateway(t, {
  DATABASE_URL: await createDatabase(t),
  BODIES_IN_FLIGHT_BYTES: String(8 * MIB),
  USER_DOCUMENTS_BYTES: String(64 * 1_024),
})
const port = Number(new URL(gateway.url).port)

/** Begins a PUT that never ends; resolves to the first bytes of the answer when there is one. */
function begin(t: Test, user: string, head: string, body = ''): { socket: Socket; answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  const headers = `Host: x\r\nAuthorization: ${SERVICE.authorization}\r\nX-User-Id: ${user}\r\n`
  socket.write(`PUT ${SCALP} HTTP/1.1\r\n${headers}Content-Type: application/json\r\n${head}\r\n\r\n${body}`)
  const answer = new Promise<string>(resolve => socket.once('data', data => resolve(String(data))))
  return { socket, answer }
}

async function inFlight(): Promise<number> {
  const { body } = await gateway.app.inject({ url: '/metrics' })
  return Number(/^http_bodies_in_flight_bytes (\d+)$/m.exec(body)?.[1])
}

t.test('bodies: a caller beyond its part is 429, all together 503, before a byte is read', async t => {
  const held = begin(t, '1', `Content-Length: ${MIB}`)
  await eventually('the first is counted', async () => (await inFlight()) === MIB)
  t.match(
    await begin(t, '1', `Content-Length: ${MIB}`).answer,
    /^HTTP\/1.1 429 [\s\S]*connection: close[\s\S]*RATE_LIMITED/i,
  )
  const others = Array.from({ length: 7 }, (_, i) => begin(t, `other-${i}`, `Content-Length: ${MIB}`))
  await eventually('all are counted', async () => (await inFlight()) === 8 * MIB)
  t.match(
    await begin(t, 'late', 'Content-Length: 1000').answer,
    /^HTTP\/1.1 503 [\s\S]*retry-after: 1[\s\S]*OVERLOADED/i,
  )
  for (const { socket } of [held, ...others]) socket.destroy()
  await eventually('nothing is held for who has left', async () => (await inFlight()) === 0)
  const reply = await gateway.as('1', {
    method: 'PUT',
    url: SCALP,
    payload: { confidence: { min_confidence: 41 } },
  })
  t.equal(reply.statusCode, 200)
  t.equal(await inFlight(), 0, 'nor after an answer')
})

t.test('bodies in chunks are counted as they come', async t => {
  const chunk = Buffer.alloc(64 * 1_024, ' ').toString()
  const chunks = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(20)
  const { answer } = begin(t, '2', 'Transfer-Encoding: chunked', chunks)
  t.match(await answer, /^HTTP\/1.1 429 /)
  await eventually('and forgotten', async () => (await inFlight()) === 0)
  const small = begin(t, '2', 'Transfer-Encoding: chunked', '2\r\n{}\r\n0\r\n\r\n')
  t.match(await small.answer, /^HTTP\/1.1 200 /)
})

t.test('all documents of a user together', async t => {
  const url = '/api/user/settings'
  const put = (length: number) =>
    gateway.as('42', { method: 'PUT', url, payload: { preferences: { notes: 'x'.repeat(length) } } })
  t.equal((await put(20_000)).statusCode, 200)
  const refused = await put(64_000)
  t.match(refused.json(), {
    status: 413,
    code: 'DOCUMENT_TOO_LARGE',
    detail: /65536 bytes together \(USER_DOCUMENTS_BYTES\)/,
  })
  t.equal((await put(10)).statusCode, 200)
})

t.test('what is large needs room, whatever it is; what shrinks does not', async t => {
  const limit = 26_000
  const refs = refsOfUser('42')
  t.equal(refs.length, DOCUMENTS.length)
  const rowsOf = (size: number) =>
    new Map(
      refs.map(ref => [
        `${ref.userId}\n${ref.kind}`,
        { ref, version: 1, updatedAt: '', data: 'x'.repeat(size) },
      ]),
    )
  const change = (size: number) => [{ ref: refs[0]!, data: 'x'.repeat(size), changes: '[]' }]
  t.notOk(needsRoom(change(900), limit))
  t.ok(needsRoom(change(1_500), limit))
  requireRoom(rowsOf(1_000), change(10_000), limit)
  t.throws(() => requireRoom(rowsOf(1_900), change(10_000), limit), DomainError)
  requireRoom(rowsOf(5_000), change(4_000), limit)
})

t.test('a body in tiny pieces leaves no listener for each', async t => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  const pieces = [...'{"size":{"leverage":7}}'].map(character => `1\r\n${character}\r\n`).join('')
  const { answer } = begin(t, '77', 'Transfer-Encoding: chunked', `${pieces}0\r\n\r\n`)
  t.match(await answer, /^HTTP\/1.1 200 /)
  await eventually('it is given back', async () => (await inFlight()) === 0)
  t.strictSame(warnings, [])
})
