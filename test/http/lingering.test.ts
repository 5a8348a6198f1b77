import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { eventually, SERVICE, startGateway } from '../helper/gateway.ts'
import { answersIn } from '../helper/raw-http.ts'

const MIB = 1_024 * 1_024
const SCALP = '/api/futures/ginie/modes/scalp'
const gateway = await startGateway(t, {
  DATABASE_URL: await createDatabase(t),
  BODIES_IN_FLIGHT_BYTES: String(8 * MIB),
})
const port = Number(new URL(gateway.url).port)
const HEADERS = `Host: x\r\nAuthorization: ${SERVICE.authorization}\r\nX-User-Id: 42\r\n`
const JSON_TYPE = 'Content-Type: application/json\r\n'

interface Sent {
  readonly socket: Socket
  /** All that the gateway says, once the connection has closed. */
  readonly said: Promise<string>
}

/** Connects as a caller who ends its side only when the gateway has. */
function open(t: Test): Sent {
  const socket = connect({ port, host: '127.0.0.1' })
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  let text = ''
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
  })
  return { socket, said: new Promise(resolve => socket.once('close', () => resolve(text))) }
}

/** The statuses that a caller sees who reads nothing before all is sent, as http.client of Python. */
async function sendFirst(t: Test, head: string, body: Buffer): Promise<number[]> {
  const { socket, said } = open(t)
  socket.pause()
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.write(`${head}\r\n`)
    socket.write(body, error => (error ? reject(error) : resolve()))
  })
  socket.resume()
  return answersIn(await said).map(({ status }) => status)
}

const connections = () =>
  new Promise<number>(resolve => gateway.app.server.getConnections((_error, count) => resolve(count)))
const chunked = (body: Buffer) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
const lengthOf = (body: Buffer) => `Content-Length: ${body.length}\r\n`

t.test('a refusal reaches a caller who sends the whole body first', async t => {
  const body = Buffer.alloc(16 * MIB, ' ')
  const put = `PUT ${SCALP} HTTP/1.1\r\n${HEADERS}`
  const cases: Readonly<Record<string, [status: number, head: string, body: Buffer]>> = {
    'too large': [413, `${put}${JSON_TYPE}${lengthOf(body)}`, body],
    'too large, HTTP/1.0': [413, `${put.replace('1.1', '1.0')}${JSON_TYPE}${lengthOf(body)}`, body],
    'more than the exchange takes': [
      413,
      `PUT /api/binance/orders HTTP/1.1\r\n${HEADERS}${JSON_TYPE}${lengthOf(body)}`,
      body,
    ],
    'no such route': [413, `PUT /api/nope HTTP/1.1\r\n${HEADERS}${JSON_TYPE}${lengthOf(body)}`, body],
    'no such parameter': [
      413,
      `PUT ${SCALP}?dryrun=true HTTP/1.1\r\n${HEADERS}${JSON_TYPE}${lengthOf(body)}`,
      body,
    ],
    'too many bytes in chunks': [429, `${put}${JSON_TYPE}Transfer-Encoding: chunked\r\n`, chunked(body)],
    'another type': [415, `${put}Connection: close\r\nContent-Type: text/plain\r\n${lengthOf(body)}`, body],
    'no token': [401, `PUT ${SCALP} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lengthOf(body)}`, body],
    'another method': [
      405,
      `POST ${SCALP} HTTP/1.1\r\n${HEADERS}Connection: close\r\n${JSON_TYPE}${lengthOf(body)}`,
      body,
    ],
  }
  for (const [name, [status, head, bytes]] of Object.entries(cases)) {
    for (let i = 0; i < 3; i++) t.strictSame(await sendFirst(t, head, bytes), [status], name)
  }
})

t.test('a request behind the refused one is not carried out', async t => {
  const body = Buffer.alloc(5 * MIB, ' ')
  const small = '{"size":{"leverage":7}}'
  const behind = `PUT ${SCALP} HTTP/1.1\r\n${HEADERS}${JSON_TYPE}Content-Length: ${small.length}\r\n\r\n${small}`
  const head = `PUT ${SCALP} HTTP/1.1\r\n${HEADERS}${JSON_TYPE}${lengthOf(body)}`
  const { version } = (await gateway.as('42', { url: SCALP })).json()
  const { socket, said } = open(t)
  socket.write(Buffer.concat([Buffer.from(`${head}\r\n`), body, Buffer.from(behind)]))
  t.strictSame(
    answersIn(await said).map(({ status }) => status),
    [413],
  )
  t.equal((await gateway.as('42', { url: SCALP })).json().version, version)
})

t.test('nobody keeps a connection by it', async t => {
  const head = `PUT ${SCALP} HTTP/1.1\r\n${HEADERS}${JSON_TYPE}Content-Length: 99999999999\r\n\r\n`
  const before = await connections()
  // Neither ends its side when the gateway has ended its own.
  const [silent, endless] = [1, 2].map(() => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => socket.destroy())
    socket.on('error', () => {}).resume()
    socket.write(head)
    return socket
  }) as [Socket, Socket]
  const piece = Buffer.alloc(MIB)
  const send = () => endless.write(piece, error => error ?? send())
  send()
  await new Promise(resolve => endless.once('close', resolve))
  t.ok(endless.bytesWritten > 32 * MIB)
  t.notOk(silent.destroyed)
  await eventually('the silent one is closed as well', async () => (await connections()) <= before)
})
