import t from 'tap'
import { request } from 'undici'
import { SERVICE, startStack } from '../helper/gateway.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const DECISION = '/api/futures/ginie/decision-settings'
const { gateway } = await startStack(t)
let users = 0

/** What the database has of a user. */
async function rows(userId: string): Promise<number> {
  const { rows } = await gateway.services.pool.query('SELECT 1 FROM documents WHERE user_id = $1', [userId])
  return rows.length
}

type Method = 'GET' | 'HEAD' | 'PUT' | 'POST'
type Look = [method: Method, url: string, payload?: object]

async function look(headers: Record<string, string>, [method, url, payload]: Look) {
  const userId = `nobody-${users++}`
  const answer = await gateway.app.inject({
    method,
    url: url.replace('USER', userId),
    headers: { ...headers, 'x-user-id': userId },
    ...(payload === undefined
      ? {}
      : { payload: JSON.parse(JSON.stringify(payload).replace('USER', userId)) }),
  })
  return { answer, rows: await rows(userId) }
}

const LOOKS: readonly Look[] = [
  ['GET', '/api/user/settings/comparison'],
  ['GET', `${SCALP}/history`],
  ['HEAD', `${SCALP}/history`],
  ['GET', '/api/user/sequence'],
  ['HEAD', '/api/user/sequence'],
  ['GET', '/api/user/settings/events'],
  ['GET', '/api/user/settings/schedule'],
  ['GET', `${SCALP}?version=1`],
  ['GET', `${DECISION}?at=2026-01-06T12:00:00Z`],
  ['HEAD', SCALP],
  ['HEAD', DECISION],
  ['PUT', `${SCALP}?dry_run=true`, { size: { leverage: 3 } }],
  ['POST', '/api/user/settings/load-defaults?preview=true'],
  ['POST', '/api/user/settings/reset?preview=true', { document: 'mode.scalp', path: 'size.leverage' }],
]
const ADMINS: readonly Look[] = [
  ['GET', SCALP],
  ['GET', DECISION],
  ['GET', '/api/admin/cache/USER'],
  ['POST', '/api/admin/cache/USER/warm'],
  ['POST', '/api/admin/sync-defaults', { source: 'user', user_id: 'USER' }],
]

t.test('an admin or a service that looks at nobody creates nobody', async t => {
  for (const [headers, looks] of [
    [SERVICE, LOOKS],
    [ADMIN, [...LOOKS, ...ADMINS]],
  ] as const) {
    for (const each of looks) {
      const { answer, rows } = await look(headers, each)
      const name = `${headers === ADMIN ? 'admin' : 'service'} ${each[0]} ${each[1]}`
      t.equal(answer.statusCode, 404, name)
      if (each[0] !== 'HEAD') t.equal(answer.json().code, 'USER_NOT_FOUND', name)
      t.equal(rows, 0, name)
    }
  }
})

t.test('in front of Fastify as well', async t => {
  const get = async (headers: Record<string, string>) =>
    (await request(`${gateway.url}${SCALP}`, { headers })).statusCode
  await gateway.as('42', { url: SCALP })
  t.equal(await get({ ...ADMIN, 'x-user-id': '42' }), 200)
  t.equal(await get({ ...ADMIN, 'x-user-id': 'in-front' }), 404)
  t.equal(await rows('in-front'), 0)
  t.equal(await get(ADMIN), 400)
  t.equal(await get({ ...SERVICE, 'x-user-id': 'in-front' }), 200)
})

t.test('users begin with their first read, and with the work of a service', async t => {
  for (const url of [SCALP, DECISION, '/api/futures/ginie/modes']) {
    t.ok((await look(SERVICE, ['GET', url])).rows > 0, url)
  }
  t.ok((await look(SERVICE, ['PUT', SCALP, { size: { leverage: 3 } }])).rows > 0)
  t.ok((await look(ADMIN, ['PUT', SCALP, { size: { leverage: 3 } }])).rows > 0)
  for (const url of [SCALP, '/api/user/settings/comparison', `${SCALP}/history`]) {
    const userId = `self-${users++}`
    const { statusCode } = await gateway.app.inject({ url, headers: bearer(userId) })
    t.equal(statusCode, 200, url)
    t.ok((await rows(userId)) > 0, url)
  }
})

t.test('an admin names the user', async t => {
  for (const [method, url] of [
    ['GET', SCALP],
    ['GET', '/api/user/settings/comparison'],
    ['PUT', SCALP],
    ['POST', '/api/user/sequence'],
    ['GET', '/api/binance/orders'],
  ] as const) {
    const payload = method === 'GET' ? {} : { payload: {} }
    const answer = await gateway.app.inject({ method, url, headers: ADMIN, ...payload })
    t.match(answer.json(), { status: 400, code: 'USER_REQUIRED' }, url)
  }
})

t.test('PUT against DELETE is stored or refused, never a fault of ours', async t => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0
        ? gateway.app.inject({ method: 'DELETE', url: '/api/users/fought', headers: ADMIN })
        : gateway.as('fought', { method: 'PUT', url: SCALP, payload: { size: { leverage: 1 + (i % 9) } } }),
    ),
  )
  const statuses = new Set(answers.map(({ statusCode }) => statusCode))
  t.strictSame(
    [...statuses].filter(status => ![200, 204, 404].includes(status)),
    [],
  )
})
