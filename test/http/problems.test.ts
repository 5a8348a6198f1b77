import t, { type Test } from 'tap'
import { startStack, type TestGateway } from '../helper/gateway.ts'
import type { TestRequest } from '../helper/request.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const JSON_TYPE = { 'content-type': 'application/json' }

/** Asks, and checks what all problems have in common. */
async function problem(t: Test, gateway: TestGateway, status: number, options: TestRequest) {
  const label = `${options.method ?? 'GET'} ${options.url} ${String(options.payload ?? '').slice(0, 60)}`
  const reply = await gateway.as('42', options)
  t.equal(reply.statusCode, status, label)
  t.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8', label)
  const body = reply.json()
  t.match(body, { type: String, title: String, status, detail: String, code: /^[A-Z_]+$/ }, label)
  t.equal(body.instance, reply.headers['x-request-id'], 'the instance is the id of the request')
  return { ...body, headers: reply.headers }
}

const { gateway } = await startStack(t)

t.test('bodies: not JSON, empty, of another type, too large, hostile', async t => {
  const { gateway } = await startStack(t, { BODY_LIMIT_BYTES: '65536' })
  const writes = [
    ['PUT', SCALP],
    ['PUT', '/api/user/settings/trading'],
    ['POST', `${SCALP}/rollback`],
    ['POST', '/api/user/settings/reset'],
    ['PUT', '/api/binance/orders'],
    ['POST', '/api/user/sequence'],
  ] as const
  for (const [method, url] of writes) {
    const send = (status: number, payload: string | Buffer, headers: object = JSON_TYPE) =>
      problem(t, gateway, status, { method, url, headers: { ...headers }, payload })
    for (const payload of ['{', '{"a":1,}', 'nope', "{'a':1}", '\ufeff{}', Buffer.from([0x22, 0xff, 0x22])]) {
      t.match(await send(400, payload), { code: 'INVALID_JSON' })
    }
    if (url !== '/api/user/sequence') t.match(await send(400, ''), { code: 'INVALID_JSON' })
    t.match(await send(415, '{}', { 'content-type': 'text/plain' }), { code: 'UNSUPPORTED_MEDIA_TYPE' })
    t.match(await send(415, '{}', { 'content-type': 'application/x-www-form-urlencoded' }), {})
    t.match(await send(415, Buffer.from('{}'), {}), { code: 'UNSUPPORTED_MEDIA_TYPE' })
    const large = url.startsWith('/api/binance') ? 1024 * 1024 : 65_536
    t.match(await send(413, JSON.stringify('x'.repeat(large))), { code: 'BODY_TOO_LARGE' })
    if (url === '/api/binance/orders') continue
    t.match(await send(400, '[1]'), { errors: [{ path: '', message: 'must be object' }] })
    t.match(await send(400, 'null'), { errors: [{ path: '', message: 'must be object' }] })
    t.match(await send(400, '{"__proto__":{"admin":true}}'), { code: 'VALIDATION_FAILED' })
  }
})

t.test('all faults at once; unknown fields with the nearest known one; nothing is coerced', async t => {
  const errors = async (method: 'PUT' | 'POST', url: string, payload: object) =>
    (await problem(t, gateway, 400, { method, url, payload })).errors
  t.strictSame(await errors('POST', `${SCALP}/rollback`, { verson: 1 }), [
    { path: 'version', message: 'is required' },
    { path: 'verson', message: 'unknown field verson, did you mean version?' },
  ])
  t.strictSame(await errors('POST', '/api/user/settings/reset', { document: 7, paht: 'x' }), [
    { path: 'path', message: 'is required' },
    { path: 'paht', message: 'unknown field paht, did you mean path?' },
    { path: 'document', message: 'must be string, is 7' },
  ])
  t.strictSame(await errors('POST', '/api/user/sequence', { cuont: 1 }), [
    { path: 'cuont', message: 'unknown field cuont, did you mean count?' },
  ])
  t.strictSame(await errors('PUT', SCALP, { enabled: 'true', size: { leverge: 5, leverage: '5' } }), [
    { path: 'enabled', message: 'must be boolean, is "true"' },
    { path: 'size.leverage', message: 'must be integer, is "5"' },
    { path: 'size.leverge', message: 'unknown field leverge, did you mean leverage?' },
  ])
  for (const version of ['1', 1.5, 0, -1, 1e30, null, true, [1]]) {
    t.match(await errors('POST', `${SCALP}/rollback`, { version }), [{ path: 'version' }])
  }
})

t.test('parameters of any size are refused, never answered with 500', async t => {
  const odd = ['0', '-1', '1.5', 'x', '', '1e30', '1e400', '-1e400', '9223372036854775808', 'NaN', 'null']
  for (const value of odd) {
    await problem(t, gateway, 400, { url: `${SCALP}/history?before=${value}` })
    await problem(t, gateway, 400, { url: `${SCALP}/history?limit=${value}` })
  }
  await problem(t, gateway, 400, { url: `${SCALP}/history?limit=1&limit=2` })
  await problem(t, gateway, 400, { url: `${SCALP}/history?limit=201` })
  await problem(t, gateway, 400, { method: 'PUT', url: `${SCALP}?dry_run=maybe`, payload: {} })
  await problem(t, gateway, 400, { url: '/api/futures/ginie/modes/%ZZ' })
  for (const mode of ['turbo', 'SCALP', '%00', '__proto__', 'constructor', 'x'.repeat(5_000), 'scalp%2f']) {
    const { detail } = await problem(t, gateway, 404, { url: `/api/futures/ginie/modes/${mode}` })
    t.match(detail, 'ultra, scalp, swing, position')
  }
})

t.test('unknown routes, and methods that a route does not have', async t => {
  const paths = ['/api', '/api/nope', `${SCALP}/`, SCALP.toUpperCase(), `/${SCALP}`, '/api/user/settings/x']
  for (const url of paths) t.match(await problem(t, gateway, 404, { url }), { code: 'NOT_FOUND' })
  const refused = [
    ['DELETE', SCALP, 'GET, HEAD, PUT'],
    ['PATCH', SCALP, 'GET, HEAD, PUT'],
    ['OPTIONS', SCALP, 'GET, HEAD, PUT'],
    ['GET', `${SCALP}/rollback`, 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['PUT', '/api/user/sequence', 'POST, GET, HEAD'],
    ['POST', '/api/binance/orders', 'PUT, GET, HEAD, DELETE'],
  ] as const
  for (const [method, url, allow] of refused) {
    const { headers } = await problem(t, gateway, 405, { method, url, payload: '{', headers: JSON_TYPE })
    t.equal(headers.allow, allow)
  }
  const head = await gateway.as('42', { method: 'HEAD', url: SCALP })
  const get = await gateway.as('42', { url: SCALP })
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  t.equal(head.headers.etag, get.headers.etag)
  t.equal(head.headers['content-length'], get.headers['content-length'])
  t.equal((await gateway.as('42', { method: 'HEAD', url: `${SCALP}/rollback` })).statusCode, 405)
})

t.test('a body is not needed where none is asked for, whatever the content type says', async t => {
  const send = (method: 'POST' | 'DELETE', url: string) =>
    gateway.as('42', { method, url, headers: { ...JSON_TYPE, 'content-length': '0' } })
  t.equal((await send('POST', `${SCALP}/load-defaults`)).statusCode, 200)
  t.equal((await send('POST', '/api/user/sequence')).statusCode, 200)
  t.equal((await send('DELETE', '/api/binance/orders')).statusCode, 204)
})

t.test('429 names when to try again, for each caller', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '3', RATE_LIMIT_WRITE_MAX: '1' })
  for (let i = 0; i < 3; i++) t.equal((await gateway.as('42', { url: SCALP })).statusCode, 200)
  const { code, headers } = await problem(t, gateway, 429, { url: SCALP })
  t.equal(code, 'RATE_LIMITED')
  t.match(headers['retry-after'], /^[1-9]\d*$/)
  const admin = (method: 'PUT' | 'GET') =>
    gateway.app.inject({
      method,
      url: '/api/admin/defaults',
      headers: ADMIN,
      ...(method === 'PUT' ? { payload: {} } : {}),
    })
  t.equal((await admin('PUT')).statusCode, 200, 'another caller has a count of its own')
  t.equal((await admin('PUT')).statusCode, 429, 'writes have a lower limit')
  t.equal((await admin('GET')).statusCode, 200)
})

t.test('the web UI of an allowed origin may change documents', async t => {
  const { gateway } = await startStack(t, { CORS_ORIGINS: 'https://ui.example.com' })
  const preflight = await gateway.app.inject({
    method: 'OPTIONS',
    url: SCALP,
    headers: { origin: 'https://ui.example.com', 'access-control-request-method': 'PUT' },
  })
  t.equal(preflight.statusCode, 204)
  t.match(preflight.headers['access-control-allow-methods'], /PUT.*DELETE/)
  t.equal(preflight.headers['access-control-allow-origin'], 'https://ui.example.com')
})

t.test('a fault of the inside is not shown', async t => {
  const broken = new Error('relation "documents" of postgres://user:secret@host does not exist')
  t.intercept(gateway.services.documents, 'history', { value: () => Promise.reject(broken) })
  const { headers, ...body } = await problem(t, gateway, 500, { url: `${SCALP}/history` })
  t.notMatch(JSON.stringify(body), /relation|secret|postgres/)
  t.equal(body.code, 'INTERNAL_ERROR')
})
