import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { SERVICE, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const gateway = await startGateway(t, {
  DATABASE_URL: await createDatabase(t),
  REQUEST_TIMEOUT_MS: '1000',
  BODY_LIMIT_BYTES: '65536',
})
const port = Number(new URL(gateway.url).port)

/** All that the gateway says to these bytes until it closes the connection. */
async function say(
  t: Test,
  bytes: string | Buffer,
): Promise<{ head: string; body: Record<string, unknown> }> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  // What is sent after the answer meets a closed connection.
  socket.on('error', () => {})
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.write(bytes)
  await closed
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { head, body: body === '' ? {} : JSON.parse(body) }
}

async function refused(t: Test, status: number, code: string, bytes: string | Buffer): Promise<void> {
  const { head, body } = await say(t, bytes)
  t.match(head, new RegExp(`^HTTP/1.1 ${status} `))
  t.match(head, /^content-type: application\/problem\+json/im)
  t.match(body, { status, code })
}

const headers = `Host: x\r\nAuthorization: ${SERVICE.authorization}\r\nX-User-Id: 42\r\nConnection: close\r\n`

t.test('requests that never end are ended', async t => {
  await Promise.all([
    refused(t, 408, 'REQUEST_TIMEOUT', `GET ${SCALP} HTTP/1.1\r\nHost: x\r\nX-Slow: `),
    refused(
      t,
      408,
      'REQUEST_TIMEOUT',
      `PUT ${SCALP} HTTP/1.1\r\n${headers}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ),
  ])
})

t.test('headers beyond 16 KB', async t => {
  await refused(t, 431, 'HEADERS_TOO_LARGE', `GET ${SCALP} HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  await refused(t, 431, 'HEADERS_TOO_LARGE', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
})

t.test('bodies beyond the limit, announced or not', async t => {
  const put = `PUT ${SCALP} HTTP/1.1\r\n${headers}Content-Type: application/json\r\n`
  await refused(t, 413, 'BODY_TOO_LARGE', `${put}Content-Length: 65537\r\n\r\n`)
  const chunk = 'x'.repeat(65_537)
  await refused(
    t,
    413,
    'BODY_TOO_LARGE',
    `${put}Transfer-Encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
  )
})

t.test('no body at all is an empty body', async t => {
  const json = `${headers}Content-Type: application/json\r\n`
  const loadDefaults = 'POST /api/user/settings/load-defaults HTTP/1.1\r\n'
  for (const length of ['', 'Content-Length: 0\r\n']) {
    await refused(t, 400, 'INVALID_JSON', `PUT ${SCALP} HTTP/1.1\r\n${json}${length}\r\n`)
    await refused(t, 400, 'VALIDATION_FAILED', `PUT ${SCALP} HTTP/1.1\r\n${headers}${length}\r\n`)
    for (const type of [json, headers]) {
      const { head, body } = await say(t, `${loadDefaults}${type}${length}\r\n`)
      t.match(head, /^HTTP\/1.1 200 /)
      t.equal(body.applied, true)
    }
  }
})

t.test('what is no HTTP', async t => {
  const garbage = [
    'hello\r\n\r\n',
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    `GET ${SCALP} HTTP/9.9\r\n\r\n`,
    `GET ${SCALP} HTTP/1.1\r\nbad header\r\n\r\n`,
    // Two lengths, or a length and chunks: a proxy in front might see another request.
    `PUT ${SCALP} HTTP/1.1\r\n${headers}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    `PUT ${SCALP} HTTP/1.1\r\n${headers}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ]
  for (const bytes of garbage) await refused(t, 400, 'VALIDATION_FAILED', bytes)
})

t.test('after all of that it answers as before', async t => {
  t.equal((await gateway.as('42', { url: SCALP })).statusCode, 200)
})

t.test('HOST=localhost is reached by IPv4', async t => {
  const local = await startGateway(t, { DATABASE_URL: gateway.databaseUrl, HOST: 'localhost' })
  t.equal(new URL(local.url).hostname, '127.0.0.1')
  const live = await fetch(`http://127.0.0.1:${new URL(local.url).port}/health/live`)
  t.equal(live.status, 200)
})
