import { METHODS } from 'node:http'
import t, { type Test } from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { SERVICE, startGateway } from '../helper/gateway.ts'
import { type RawAnswer, sayRaw } from '../helper/raw-http.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const SEQUENCE = '/api/user/sequence'
const POSITIONS = '/api/binance/positions'
const LOAD = '/api/user/settings/load-defaults'
const databaseUrl = await createDatabase(t)
const gateway = await startGateway(t, { DATABASE_URL: databaseUrl })
const port = Number(new URL(gateway.url).port)

const AUTH = `Authorization: ${SERVICE.authorization}`
const HOST = 'Host: x'
const USER = 'X-User-Id: 42'
const JSON_TYPE = 'Content-Type: application/json'
const ALL = [HOST, AUTH, USER]

function requestOf(line: string, headers: readonly string[], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return [`${line} HTTP/1.1`, ...headers, ...length, 'Connection: close', '', body].join('\r\n')
}

async function one(t: Test, bytes: string): Promise<RawAnswer> {
  const answers = await sayRaw(t, port, bytes)
  t.equal(answers.length, 1, bytes.slice(0, 60))
  return answers[0]!
}

async function refused(t: Test, status: number, code: string, bytes: string): Promise<RawAnswer> {
  const answer = await one(t, bytes)
  t.equal(answer.status, status, bytes)
  t.match(answer.head, /^content-type: application\/problem\+json/im)
  t.match(JSON.parse(answer.body || '{}'), { status, code }, bytes)
  return answer
}

// The caller is known from now on: reads are answered in front of Fastify.
await gateway.as('42', { url: SCALP })

t.test('headers that mean two things', async t => {
  const get = (...headers: string[]) => requestOf(`GET ${SCALP}`, headers)
  t.equal((await one(t, get(...ALL))).status, 200)
  for (const headers of [
    [...ALL, 'Host: y'],
    [...ALL, HOST],
    [...ALL, USER],
    [...ALL, 'x-user-ID: 43'],
    [...ALL, AUTH],
    [HOST, AUTH, 'Authorization: Bearer other', USER],
  ]) {
    await refused(t, 400, 'VALIDATION_FAILED', get(...headers))
  }
  await refused(t, 400, 'VALIDATION_FAILED', requestOf('GET /health', [HOST, HOST]))
  const draw = (...headers: string[]) => requestOf(`POST ${SEQUENCE}`, [...ALL, ...headers])
  for (const headers of [
    ['Idempotency-Key: a', 'Idempotency-Key: b'],
    ['Idempotency-Key: a', 'idempotency-key: a'],
    ['X-Actor: alice', 'X-Actor: bob'],
    [USER],
  ]) {
    await refused(t, 400, 'VALIDATION_FAILED', draw(...headers))
  }
  t.equal((await one(t, draw('Idempotency-Key: a, b'))).status, 200, 'a comma is a character of a key')
  const put = [...ALL, JSON_TYPE, JSON_TYPE]
  await refused(t, 400, 'VALIDATION_FAILED', requestOf(`PUT ${SCALP}`, put, '{}'))
  // Lists may come in several lines.
  const lists = [
    ...ALL,
    JSON_TYPE,
    'If-Match: "8"',
    'If-Match: "1"',
    'If-None-Match: "6"',
    'If-None-Match: "7"',
  ]
  t.equal((await one(t, requestOf(`PUT ${SCALP}`, lists, '{}'))).status, 200)
  t.equal((await one(t, get(...ALL, 'If-None-Match: "7"', 'If-None-Match: "1"'))).status, 304)
})

t.test('no host', async t => {
  await refused(t, 400, 'VALIDATION_FAILED', requestOf(`GET ${SCALP}`, [AUTH, USER]))
  await refused(t, 400, 'VALIDATION_FAILED', requestOf('GET /health/live', []))
  t.equal((await one(t, `GET /health/live HTTP/1.0\r\n\r\n`)).status, 200, 'HTTP/1.0 had none')
  t.equal((await one(t, requestOf('GET /health/live', ['Host:']))).status, 200, 'an empty one is one')
})

t.test('expectations', async t => {
  await refused(
    t,
    417,
    'EXPECTATION_FAILED',
    requestOf(`PUT ${SCALP}`, [...ALL, JSON_TYPE, 'Expect: nonsense'], '{}'),
  )
  const answers = await sayRaw(
    t,
    port,
    requestOf(`PUT ${SCALP}`, [...ALL, JSON_TYPE, 'Expect: 100-continue'], '{}'),
  )
  t.strictSame(
    answers.map(({ status }) => status),
    [100, 200],
  )
})

t.test('encoded bodies', async t => {
  for (const [method, url] of [
    ['PUT', SCALP],
    ['PUT', POSITIONS],
    ['DELETE', POSITIONS],
    ['POST', LOAD],
    ['POST', SEQUENCE],
  ]) {
    for (const coding of ['gzip', 'identity, br', 'x', 'GZIP']) {
      for (const body of ['{}', '']) {
        const headers = [...ALL, JSON_TYPE, `Content-Encoding: ${coding}`]
        const { head } = await refused(
          t,
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          requestOf(`${method} ${url}`, headers, body),
        )
        t.match(head, /^accept-encoding: identity$/im)
      }
    }
    for (const coding of ['identity', 'Identity,identity', '']) {
      const headers = [...ALL, JSON_TYPE, `Content-Encoding: ${coding}`]
      t.ok(
        (await one(t, requestOf(`${method} ${url}`, headers, '{}'))).status < 300,
        `${method} ${url} ${coding}`,
      )
    }
  }
})

t.test('a body without a byte is none, whatever its type', async t => {
  const empty = [['Content-Length: 0'], [], ['Content-Length: 00'], ['Transfer-Encoding: chunked']]
  for (const type of ['text/plain', 'nonsense', 'application/json', 'application/json;;', '']) {
    for (const lines of empty) {
      const headers = [...ALL, `Content-Type: ${type}`, ...lines]
      const end = lines[0]?.startsWith('Transfer') ? '0\r\n\r\n' : ''
      const said = (line: string) => one(t, requestOf(line, headers) + end)
      const name = `${type} ${lines}`
      t.equal((await said(`POST ${LOAD}`)).status, 200, name)
      t.equal((await said(`POST ${SEQUENCE}`)).status, 200, name)
      t.equal((await said(`DELETE ${POSITIONS}`)).status, 204, name)
      t.equal((await said(`PUT ${SCALP}`)).status, 400, name)
      t.equal((await said(`PUT ${POSITIONS}`)).status, 400, name)
    }
  }
})

t.test('other types are refused with the right one', async t => {
  const put = (lines: string[]) => requestOf(`PUT ${SCALP}`, [...ALL, ...lines], '{}')
  const detail = async (lines: string[]) =>
    JSON.parse((await refused(t, 415, 'UNSUPPORTED_MEDIA_TYPE', put(lines))).body).detail
  t.equal(await detail([]), 'the body has no Content-Type: send application/json')
  t.equal(await detail(['Content-Type: text/plain']), '"text/plain" is not supported: send application/json')
  const chunked = [...ALL, 'Content-Type: text/plain', 'Transfer-Encoding: chunked']
  await refused(t, 415, 'UNSUPPORTED_MEDIA_TYPE', `${requestOf(`POST ${LOAD}`, chunked)}1\r\nx\r\n0\r\n\r\n`)
})

t.test('HEAD', async t => {
  const head = (...more: string[]) => sayRaw(t, port, requestOf(`HEAD ${SCALP}`, [...ALL, ...more]))
  const get = await one(t, requestOf(`GET ${SCALP}`, ALL))
  const [found] = await head()
  t.equal(/^content-length: (\d+)/im.exec(found!.head)?.[1], String(Buffer.byteLength(get.body)))
  const [known] = await head('If-None-Match: "1"')
  t.equal(known!.status, 304)
  t.notMatch(known!.head, /^content-length/im)
})

t.test('every method that Node knows', async t => {
  for (const method of METHODS) {
    if (['GET', 'HEAD', 'PUT', 'CONNECT'].includes(method)) continue
    const answer = await refused(t, 405, 'METHOD_NOT_ALLOWED', requestOf(`${method} ${SCALP}`, ALL))
    t.match(answer.head, /^allow: GET, HEAD, PUT\r?$/im)
  }
  const tunnel = await refused(t, 405, 'METHOD_NOT_ALLOWED', requestOf('CONNECT example.org:443', ALL))
  t.match(tunnel.head, /^allow: /im)
  await refused(t, 404, 'NOT_FOUND', requestOf('PROPFIND /nowhere', ALL))
  await refused(t, 400, 'VALIDATION_FAILED', requestOf('NONSENSE /health', ALL))
})

t.test('OPTIONS, with CORS or without', async t => {
  const cors = await startGateway(t, { DATABASE_URL: databaseUrl, CORS_ORIGINS: 'https://ui.example' })
  for (const { url } of [gateway, cors]) {
    const say = async (path: string, ...headers: string[]) => {
      const [answer] = await sayRaw(
        t,
        Number(new URL(url).port),
        requestOf(`OPTIONS ${path}`, [HOST, ...headers]),
      )
      t.match(answer!.head, /^content-type: application\/problem\+json/im)
      return answer!
    }
    for (const headers of [[], ['Origin: https://ui.example'], ['Access-Control-Request-Method: PUT']]) {
      const { status, head } = await say(SCALP, ...headers)
      t.equal(status, 405, `${headers}`)
      t.match(head, /^allow: GET, HEAD, PUT$/im)
      t.equal((await say('/nowhere', ...headers)).status, 404, `${headers}`)
    }
  }
  const preflight = requestOf(`OPTIONS ${SCALP}`, [
    HOST,
    'Origin: https://ui.example',
    'Access-Control-Request-Method: PUT',
  ])
  const [answer] = await sayRaw(t, Number(new URL(cors.url).port), preflight)
  t.equal(answer!.status, 204)
})
