import t from 'tap'
import { redisOf, SHORT_LEASE, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

/** Rows and values that an operator spoilt by hand. */

const SETTINGS = '/api/user/settings'
const SCALP = '/api/futures/ginie/modes/scalp'
const { gateway } = await startStack(t, SHORT_LEASE)
const redis = redisOf(gateway)

const get = (user: string, url: string) => gateway.as(user, { url })
const put = (user: string, url: string, payload: object, headers = {}) =>
  gateway.as(user, { method: 'PUT', url, payload, headers })
const post = (user: string, url: string, payload?: object) =>
  gateway.as(user, { method: 'POST', url, ...(payload === undefined ? {} : { payload }) })

/** Answers are taken from the database until the gate has opened again: nothing old is a hit. */
async function spoil(user: string, kind: string, sql: string): Promise<void> {
  const text = `UPDATE documents SET data = ${sql} WHERE user_id = $1 AND kind = $2`
  await gateway.services.pool.query(text, [user, kind])
  const keys = await redis.keys(user === '@admin' ? 'admin:*' : `user:${user}:*`)
  if (keys.length > 0) await redis.del(keys)
}

t.test('a row that is no object is named, everything else goes on, and each write repairs it', async t => {
  const spoilt = [`'null'`, `'[]'`, `'"text"'`, "'5'", `jsonb_set(data, '{trading}', '5')`]
  const repairs = [
    (user: string) => put(user, SETTINGS, {}),
    (user: string) => put(user, `${SETTINGS}/trading`, { risk_level: 'moderate' }),
    (user: string) => post(user, `${SETTINGS}/load-defaults`),
    (user: string) => post(user, `${SETTINGS}/rollback`, { version: 1 }),
    (user: string) => put(user, `${SETTINGS}/notifications`, {}),
  ]
  for (const [index, sql] of spoilt.entries()) {
    const user = `row-${index}`
    await get(user, SETTINGS)
    await spoil(user, 'settings', sql)
    for (const url of [SETTINGS, `${SETTINGS}/trading`, '/api/futures/ginie/decision-settings']) {
      const reply = await get(user, url)
      t.match(
        reply.json(),
        { status: 500, code: 'STORED_DOCUMENT_INVALID', document: 'settings', version: 2 },
        sql,
      )
      t.match(reply.json().detail, /^settings.*instead of object.*PUT, rollback or load-defaults repairs it/)
    }
    t.equal((await get(user, SCALP)).statusCode, 200)
    t.equal((await get(user, '/api/futures/ginie/modes')).statusCode, 200)
    t.equal((await put(user, SCALP, { size: { leverage: 7 } })).statusCode, 200)
    t.match((await post(user, '/api/user/sequence')).json(), { sequence: 1 }, 'order numbers go on')
    t.equal((await get(user, `${SETTINGS}/comparison`)).statusCode, 200)
    t.equal((await get(user, `${SETTINGS}/history`)).statusCode, 200)
    t.equal((await post(user, `${SETTINGS}/load-defaults?preview=true`)).statusCode, 200)
    t.equal((await put(user, `${SETTINGS}?dry_run=true`, {})).statusCode, 200)
    t.match((await put(user, SETTINGS, {}, { 'if-match': '"1"' })).json(), {
      status: 412,
      detail: /version is 2/,
    })
    t.equal((await repairs[index]!(user)).statusCode, 200, `${index}`)
    t.match((await get(user, SETTINGS)).json(), { version: 3, data: { trading: { timezone: 'UTC' } } })
    t.equal((await get(user, '/api/futures/ginie/decision-settings')).statusCode, 200)
  }
  t.match((await post('row-0', `${SETTINGS}/rollback`, { version: 2 })).json(), {
    status: 400,
    errors: [{ path: 'version', message: /null/ }],
  })
  const trading = { status: 400, errors: [{ path: 'version', message: /number/ }] }
  t.match((await post('row-4', `${SETTINGS}/trading/rollback`, { version: 2 })).json(), trading)
  await gateway.services.pool.query(`UPDATE document_history SET changes = 'null' WHERE user_id = 'row-0'`)
  t.match((await get('row-0', `${SETTINGS}/history`)).json()[0], { changes: [] })
  t.equal((await get('row-0', `${SETTINGS}/trading/history`)).statusCode, 200)
  await spoil('row-0', 'settings', `'null'`)
  const removed = await gateway.app.inject({ method: 'DELETE', url: '/api/users/row-0', headers: ADMIN })
  t.equal(removed.statusCode, 204, 'a user can be removed all the same')
})

t.test('values in Redis that begin well and are no JSON', async t => {
  await get('redis', SETTINGS)
  await get('redis', SCALP)
  for (const value of ['{"version":1,}', '{"version":1,"data":5}', '{"version":1,"a":1,"a":2}']) {
    await redis.set('user:redis:mode:scalp', value)
    t.equal((await get('redis', `${SETTINGS}/comparison`)).json().total_changes, 0, value)
    t.equal((await put('redis', `${SCALP}?dry_run=true`, { size: { leverage: 7 } })).json().total_changes, 1)
    t.equal((await post('redis', `${SCALP}/load-defaults?preview=true`)).json().total_changes, 0)
    await redis.set('admin:defaults:all', value)
    t.equal((await put('redis', SCALP, {})).statusCode, 200, 'the defaults are taken from the database')
    await redis.del('admin:defaults:all')
  }
  t.equal((await put('redis', SCALP, { size: { leverage: 7 } })).json().version, 2)
  t.equal((await get('redis', SCALP)).json().data.size.leverage, 7, 'a write repairs it')
})

t.test('admin defaults that are no object: named, and repaired by PUT and by sync-defaults', async t => {
  await get('other', SCALP)
  const admin = (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object) =>
    gateway.app.inject({ method, url, headers: ADMIN, ...(payload === undefined ? {} : { payload }) })
  for (const [method, url, payload] of [
    ['PUT', '/api/admin/defaults', { preferences: {} }],
    ['POST', '/api/admin/sync-defaults', { source: 'file' }],
  ] as const) {
    await spoil('@admin', 'defaults', `'null'`)
    const problem = {
      status: 500,
      code: 'STORED_DOCUMENT_INVALID',
      document: 'defaults',
      detail: /sync-defaults/,
    }
    t.match((await admin('GET', '/api/admin/defaults')).json(), problem)
    t.match((await put('other', SCALP, {})).json(), problem)
    t.equal((await get('other', SCALP)).statusCode, 200)
    t.equal((await admin(method, url, payload)).statusCode, 200)
    t.equal((await put('other', SCALP, {})).statusCode, 200)
  }
})
