import t from 'tap'
import { request } from 'undici'
import { SERVICE, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'
import { bodyOf, isStream, OPERATIONS, type Operation, urlOf } from './api-document.ts'
import { CALLERS } from './mistakes.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const BOT = { ...SERVICE, 'x-user-id': '42' }
const { gateway } = await startStack(t)

function typeOf({ requestBody }: Operation): { 'content-type'?: string } {
  const [type] = Object.keys(requestBody?.content ?? {})
  return type === undefined ? {} : { 'content-type': type }
}

async function versions(): Promise<unknown> {
  const { headers } = await gateway.as('42', { url: '/api/futures/ginie/decision-settings' })
  const defaults = await gateway.app.inject({ url: '/api/admin/defaults', headers: ADMIN })
  return [headers.etag, defaults.headers.etag]
}

t.test('an unknown parameter is refused by every route, and nothing is written', async t => {
  const before = await versions()
  for (const operation of OPERATIONS) {
    const methods =
      operation.method === 'GET' && !isStream(operation) ? (['GET', 'HEAD'] as const) : [operation.method]
    for (const method of methods) {
      const caller =
        operation.path.startsWith('/api/admin') || operation.path === '/api/users/{id}'
          ? CALLERS.admin
          : CALLERS.service
      const answer = await gateway.app.inject({
        method,
        url: `${urlOf(operation)}?dryRun=true`,
        headers: { ...caller, ...typeOf(operation) },
        ...bodyOf(operation),
      })
      t.equal(answer.statusCode, 400, `${method} ${operation.path}`)
      if (method === 'HEAD') continue
      t.match(answer.json(), { code: 'VALIDATION_FAILED', detail: /unknown query parameter dryRun/ })
      t.equal(answer.json().errors[0].path, 'querystring.dryRun')
    }
  }
  t.strictSame(await versions(), before)
  for (const url of ['/docs/json?x=1', '/docs/static/index.html?x=1', '/ops/?x=1', '/ops/main.js?x=1']) {
    t.equal((await gateway.app.inject({ url })).statusCode, 400, url)
  }
})

t.test('the nearest known one is named', async t => {
  const refused = async (url: string, method: 'GET' | 'PUT' = 'GET') => {
    const answer = await gateway.as('42', { method, url, ...(method === 'PUT' ? { payload: {} } : {}) })
    t.equal(answer.statusCode, 400, url)
    return answer.json().errors.map(({ message }: { message: string }) => message)
  }
  t.strictSame(await refused(`${SCALP}?dryrun=true`, 'PUT'), [
    'unknown query parameter dryrun, did you mean dry_run?',
  ])
  t.strictSame(await refused(`${SCALP}/history?Limit=3&befor=4`), [
    'unknown query parameter Limit, did you mean limit?',
    'unknown query parameter befor, did you mean before?',
  ])
  t.strictSame(await refused(`${SCALP}?verison=1`), [
    'unknown query parameter verison, did you mean version?',
  ])
  const COMPARISON = '/api/user/settings/comparison'
  t.strictSame(await refused(`${COMPARISON}?mode=scalp`), ['unknown query parameter mode'])
  t.strictSame(await refused(`${COMPARISON}?__proto__=1`), ['unknown query parameter __proto__'])
})

t.test('values are exact', async t => {
  const put = (query: string) =>
    gateway.as('42', { method: 'PUT', url: `${SCALP}?${query}`, payload: { size: { leverage: 7 } } })
  const before = await versions()
  for (const value of [
    'TRUE',
    '1',
    'yes',
    '',
    'true%20',
    'false&dry_run=true',
    'true&dry_run=true',
    'false&preview=true',
  ]) {
    const { statusCode } = await put(`dry_run=${value}`)
    t.equal(statusCode, 400, value)
  }
  t.equal((await put('dry_run')).statusCode, 400)
  t.match((await put('dry_run=TRUE')).json().detail, 'dry_run must be true or false, not "TRUE"')
  for (const query of ['dry_run=true', 'preview=true', 'preview=true&dry_run=true', 'preview=%74rue']) {
    t.equal((await put(query)).json().applied, false, query)
  }
  t.strictSame(await versions(), before)
  for (const value of ['0x10', '1e1', '010', '%205', '5.0', '+5', '3&limit=4', '0', '201']) {
    const { statusCode } = await gateway.as('42', { url: `${SCALP}/history?limit=${value}` })
    t.equal(statusCode, 400, value)
  }
})

t.test('dry_run and preview are one wherever either is taken', async t => {
  const writes: [method: 'PUT' | 'POST', url: string, payload: object, headers?: object][] = [
    ['PUT', SCALP, { size: { leverage: 7 } }],
    ['PUT', '/api/user/settings/trading', { max_usd_allocation: 77 }],
    ['POST', `${SCALP}/load-defaults`, {}],
    ['POST', '/api/user/settings/load-defaults', {}],
    ['POST', '/api/futures/ginie/modes/load-defaults', {}],
    ['POST', '/api/user/settings/reset', { document: 'mode.scalp', path: 'size.leverage' }],
    ['PUT', '/api/admin/defaults', { global_trading: { max_usd_allocation: 77 } }, ADMIN],
  ]
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 6 } } })
  const before = await versions()
  for (const [method, url, payload, headers = {}] of writes) {
    for (const query of ['dry_run=true', 'preview=true']) {
      const answer = await gateway.as('42', {
        method,
        url: `${url}?${query}`,
        payload,
        headers: { ...headers },
      })
      t.match(answer.json(), { applied: false }, `${method} ${url}?${query}`)
    }
  }
  t.strictSame(await versions(), before)
})

t.test('in front of Fastify as behind it', async t => {
  const get = async (path: string) => (await request(`${gateway.url}${path}`, { headers: BOT })).statusCode
  // Twice: from the second time on the caller is known.
  for (let i = 0; i < 2; i++) {
    t.equal(await get('/api/futures/ginie/decision-settings?mode=scalp'), 200)
    t.equal(await get('/api/futures/ginie/decision-settings?'), 200)
    t.equal(await get('/api/futures/ginie/decision-settings?Mode=scalp'), 400)
    t.equal(await get('/api/futures/ginie/decision-settings?mode='), 400)
    t.equal(await get('/api/futures/ginie/decision-settings?mode=scalp&mode=scalp'), 400)
    t.equal(await get('/api/futures/ginie/decision-settings?mode=SCALP'), 404)
    t.equal(await get(`${SCALP}?mode=scalp`), 400)
  }
})

t.test('NUL, which PostgreSQL has no text with, is refused everywhere', async t => {
  for (const query of [
    'q=%00',
    'q=a%00b',
    'where=mode.scalp:size.leverage%3D%00',
    'where=x&where=%00',
    'cursor=%00',
  ]) {
    const answer = await gateway.app.inject({ url: `/api/admin/users?${query}`, headers: ADMIN })
    t.match(
      answer.json(),
      { status: 400, errors: [{ path: /^querystring\./, message: /must not contain NUL/ }] },
      query,
    )
  }
})
