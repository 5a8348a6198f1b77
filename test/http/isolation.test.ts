import type { InjectOptions } from 'fastify'
import t from 'tap'
import { SERVICE, startStack } from '../helper/gateway.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'
import { bodyOf, GUARDED, isStream, OPERATIONS, type Operation, urlOf } from './api-document.ts'

/** Every operation of openapi.json is tried, so that a new route is under these tests at once. */

const { gateway } = await startStack(t)
const ALICE = bearer('alice')
const forAdmins = ({ path }: Operation) => path.startsWith('/api/admin') || path === '/api/users/{id}'
const forUsers = (operation: Operation) => !forAdmins(operation) && operation.path !== '/api/users'
const nameOf = ({ method, path }: Operation) => `${method} ${path}`

function ask(operation: Operation, headers: InjectOptions['headers'], values = {}) {
  const { method } = operation
  return gateway.app.inject({
    method,
    url: urlOf(operation, values),
    ...bodyOf(operation),
    headers: headers!,
  })
}

t.test('without a token: 401, on every route but those of operators', async t => {
  t.strictSame(
    OPERATIONS.filter(operation => !GUARDED.includes(operation)).map(({ path }) => path),
    ['/', '/health', '/health/live', '/health/ready', '/health/redis', '/metrics'],
  )
  for (const operation of GUARDED) {
    const reply = await ask(operation, {})
    t.equal(reply.statusCode, 401, nameOf(operation))
    t.match(reply.headers['www-authenticate'], /^Bearer/)
    t.equal((await ask(operation, { authorization: 'Bearer garbage', 'x-user-id': '42' })).statusCode, 401)
  }
})

t.test('a user names nobody else, by no route and no header', async t => {
  const secret = 'the-secret-of-bob'
  await gateway.as('bob', { method: 'PUT', url: '/api/user/settings', payload: { preferences: { secret } } })
  await gateway.as('bob', { method: 'PUT', url: '/api/binance/orders', payload: [secret] })
  const before = await gateway.as('bob', { url: '/api/futures/ginie/decision-settings' })
  for (const operation of GUARDED.filter(forUsers)) {
    const name = nameOf(operation)
    t.equal((await ask(operation, { ...ALICE, 'x-user-id': 'bob' })).statusCode, 403, name)
    for (const odd of ['alice, bob', 'bob, alice', 'alice,bob', ' bob alice', 'bob\u00e9', '', '@admin']) {
      const reply = await ask(operation, { ...ALICE, 'x-user-id': odd })
      t.ok([400, 403].includes(reply.statusCode), `${name} ${JSON.stringify(odd)} ${reply.statusCode}`)
    }
    if (isStream(operation)) continue
    // What other gateways take for the name of the user means nothing here.
    const elsewhere = {
      ...ALICE,
      'x-user': 'bob',
      'x-userid': 'bob',
      'x-forwarded-user': 'bob',
      cookie: 'user_id=bob',
    }
    const own = await ask(operation, elsewhere)
    t.notMatch(own.body, secret, name)
    t.ok(own.statusCode < 500, `${name} ${own.statusCode}`)
  }
  for (const query of ['user_id=bob', 'x-user-id=bob', 'userId=bob', 'sub=bob']) {
    t.notMatch(
      (await gateway.app.inject({ url: `/api/user/settings?${query}`, headers: ALICE })).body,
      secret,
    )
  }
  const after = await gateway.as('bob', { url: '/api/futures/ginie/decision-settings' })
  t.equal(after.body, before.body, 'nothing of bob was changed')
})

t.test('a service names a user, always', async t => {
  for (const operation of GUARDED.filter(forUsers)) {
    const reply = await ask(operation, SERVICE)
    t.equal(reply.statusCode, 400, nameOf(operation))
    t.equal(reply.json().code, 'USER_REQUIRED')
    for (const odd of ['-x', 'a b', 'x'.repeat(65), 'a/b', 'a:b', '{42}']) {
      t.equal((await ask(operation, { ...SERVICE, 'x-user-id': odd })).json().code, 'INVALID_USER_ID')
    }
  }
})

t.test('routes of admins are for admins', async t => {
  for (const operation of GUARDED.filter(forAdmins)) {
    for (const [who, headers] of Object.entries({
      'a user': ALICE,
      'a service': SERVICE,
      'a service for a user': { ...SERVICE, 'x-user-id': '7' },
      'a user who names an admin': { ...ALICE, 'x-user-id': '7' },
      'a role in a header': { ...ALICE, 'x-role': 'admin', role: 'admin' },
    })) {
      const reply = await ask(operation, headers, { id: 'alice', user_id: 'alice' })
      // Who acts for every user may find them all.
      const allowed = nameOf(operation) === 'GET /api/admin/users' && who.startsWith('a service')
      t.equal(reply.statusCode, allowed ? 200 : 403, `${nameOf(operation)} by ${who}`)
    }
  }
  const create = (headers: object) =>
    gateway.app.inject({
      method: 'POST',
      url: '/api/users',
      headers: { ...headers },
      payload: { user_id: 'carol' },
    })
  t.equal((await create(ALICE)).statusCode, 403)
  t.equal((await create(SERVICE)).statusCode, 201)
  t.equal((await create(ADMIN)).statusCode, 200)
  const admin = await gateway.app.inject({
    url: '/api/user/settings',
    headers: { ...ADMIN, 'x-user-id': 'alice' },
  })
  t.equal(admin.statusCode, 200, 'an admin acts for any user')
})
