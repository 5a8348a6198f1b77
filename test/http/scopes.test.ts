import t from 'tap'
import { PROBLEMS } from '../../src/http/problem-error.ts'
import { scopeOf } from '../../src/http/scopes.ts'
import { startStack, type TestGateway } from '../helper/gateway.ts'
import { userToken } from '../helper/tokens.ts'

const token = (name: string) => `${name}-token-of-the-scopes-test-0123456789abcdef`
const SCALP = '/api/futures/ginie/modes/scalp'
let gateway: TestGateway

t.before(async () => {
  gateway = (
    await startStack(t, {
      SERVICE_TOKENS: ['bot', 'ui', 'ops', 'old', 'dash'].map(name => `${name}=${token(name)}`).join(','),
      SERVICE_SCOPES: 'bot=read+sequence+exchange, ui=read+write, ops=admin, dash=sequence',
      JWT_ADMIN_CLAIM: 'is_admin',
    })
  ).gateway
})

/** Through a socket: the reads in front of Fastify are asked as well. */
async function ask(
  who: string,
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: string,
) {
  const response = await fetch(gateway.url + url, {
    method,
    headers: {
      authorization: `Bearer ${who.includes('.') ? who : token(who)}`,
      'x-user-id': '42',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text }
}

const CALLS: readonly (readonly [scope: string, method: string, url: string, body?: string])[] = [
  ['read', 'GET', SCALP],
  ['read', 'GET', '/api/futures/ginie/decision-settings'],
  ['read', 'GET', '/api/futures/ginie/decision-settings?mode=scalp'],
  ['read', 'GET', '/api/user/settings/comparison'],
  ['read', 'GET', `${SCALP}/history`],
  ['write', 'PUT', SCALP, '{"enabled":true}'],
  ['write', 'PUT', `${SCALP}?dry_run=true`, '{"enabled":true}'],
  ['write', 'POST', `${SCALP}/load-defaults`],
  ['write', 'POST', '/api/users', '{"user_id":"42"}'],
  ['sequence', 'POST', '/api/user/sequence'],
  ['sequence', 'GET', '/api/user/sequence'],
  ['exchange', 'PUT', '/api/binance/positions', '[]'],
  ['exchange', 'GET', '/api/binance/positions'],
  ['exchange', 'DELETE', '/api/binance/orders'],
  ['admin', 'GET', '/api/admin/defaults'],
  ['admin', 'GET', '/api/admin/status'],
  ['admin', 'GET', '/api/admin/cache/42'],
]

t.test('each service may do what its scopes say, and a 403 names the one that is missing', async t => {
  const may: Readonly<Record<string, readonly string[]>> = {
    bot: ['read', 'sequence', 'exchange'],
    ui: ['read', 'write'],
    ops: ['admin'],
    dash: ['sequence'],
    old: ['read', 'write', 'sequence', 'exchange'],
  }
  await ask('old', 'GET', SCALP)
  for (const [service, scopes] of Object.entries(may)) {
    for (const [scope, method, url, body] of CALLS) {
      // Twice: known callers are answered in front of Fastify.
      for (let turn = 0; turn < 2; turn++) {
        const answer = await ask(service, method, url, {}, body)
        const what = `${service}: ${method} ${url}`
        if (scopes.includes(scope)) t.not(answer.status, PROBLEMS.FORBIDDEN[0], what)
        else {
          t.equal(answer.status, 403, what)
          t.match(answer.body.detail, new RegExp(`the scope ${scope}$`), what)
        }
      }
    }
  }
})

t.test('only services are bound', async t => {
  const admin = userToken('7', { is_admin: true })
  t.equal((await ask(admin, 'GET', '/api/admin/status')).status, 200)
  t.equal((await ask(admin, 'PUT', SCALP, {}, '{"enabled":true}')).status, 200)
  const refused = await ask(userToken('42', { is_admin: 'true' }), 'GET', '/api/admin/status')
  t.match(refused, { status: 403, body: { detail: 'the admin role is required' } })
})

t.test('every operation names its scope in the OpenAPI document', async t => {
  const { paths } = (await gateway.app.inject({ url: '/docs/json' })).json()
  let told = 0
  for (const [path, operations] of Object.entries<Record<string, { description: string; security?: [] }>>(
    paths,
  )) {
    for (const [method, { description, security }] of Object.entries(operations)) {
      if (security?.length === 0) continue
      const scope = scopeOf(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'))
      t.ok(description.endsWith(`A service token needs the scope \`${scope}\`.`), `${method} ${path}`)
      told++
    }
  }
  t.ok(told > 50)
})

t.test('X-Actor: the history names the person behind a service', async t => {
  const change = (who: string, value: number, actor: string) =>
    ask(who, 'PUT', SCALP, { 'x-actor': actor }, `{"confidence":{"min_confidence":${value}}}`)
  const newest = async () => (await ask('ui', 'GET', `${SCALP}/history?limit=1`)).body
  const by = async () => JSON.parse(await newest())[0].updated_by
  t.equal((await change('ui', 51, 'alice')).status, 200)
  t.equal(await by(), 'service:ui/alice')
  t.equal((await change('old', 52, 'Bob Smith+x@example.com')).status, 200)
  t.equal(await by(), 'service:old/Bob Smith+x@example.com')
  t.equal((await change(userToken('42'), 53, 'mallory')).status, 200)
  t.equal(await by(), '42', 'the token of a user names its person itself')
  for (const bad of ['a/b', '/alice', ' ', 'alice,bob', 'a'.repeat(65), 'admin:7', 'caf\u00e9', '<b>']) {
    const { status, body } = await change('ui', 54, bad)
    // fetch trims what is nothing but spaces.
    if (bad.trim() !== '')
      t.match({ status, body }, { status: 400, body: { errors: [{ path: 'X-Actor' }] } }, bad)
  }
})

t.test(
  'X-Actor of a read that creates the user; order numbers and the exchange do not look at it',
  async t => {
    const as = (user: string, actor: string) => ({ 'x-user-id': user, 'x-actor': actor })
    t.equal((await ask('ui', 'GET', SCALP, as('new-1', 'alice'))).status, 200)
    const history = JSON.parse((await ask('ui', 'GET', `${SCALP}/history`, as('new-1', 'alice'))).body)
    t.match(history, [{ reason: 'provision', updated_by: 'service:ui/alice' }])
    t.equal((await ask('ui', 'GET', SCALP, as('new-1', 'a/b'))).status, 400, 'in front of Fastify, too')
    t.equal((await ask('bot', 'POST', '/api/user/sequence', as('42', 'a/b'))).status, 200)
    t.equal((await ask('bot', 'PUT', '/api/binance/orders', as('42', 'a/b'), '[]')).status, 204)
  },
)
