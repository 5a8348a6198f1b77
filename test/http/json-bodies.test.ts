import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BUILT_IN_DEFAULTS } from '../../src/documents/defaults.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { eventually, redisOf, SHORT_LEASE, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SETTINGS = '/api/user/settings'
const file = join(temporaryDirectory(t), 'defaults.json')
writeFileSync(file, `\ufeff${JSON.stringify(BUILT_IN_DEFAULTS)}`)

const { gateway } = await startStack(t, { ...SHORT_LEASE, DEFAULT_SETTINGS_FILE: file })
const send = (user: string, url: string, payload: string | Buffer, method: 'PUT' | 'POST' = 'PUT') =>
  gateway.as(user, { method, url, headers: { 'content-type': 'application/json' }, payload })
const preferences = async (user: string) =>
  /"preferences":(\{.*?\}),"trading"/.exec((await gateway.as(user, { url: SETTINGS })).body)?.[1]

t.test('the escaped name of one user never becomes that of another', async t => {
  const bodies = ['{"preferences":{"kq":1,"\\\\\\"a":1}}', '{"preferences":{"kq":1,"\\"ab":2}}']
  for (const [user, body] of bodies.entries())
    t.equal((await send(`${user}`, SETTINGS, body)).statusCode, 200)
  const stored = ['{"\\\\\\"a":1,"kq":1}', '{"\\"ab":2,"kq":1}']
  for (const [user, text] of stored.entries()) {
    t.equal(await preferences(`${user}`), text, 'from Redis')
    await redisOf(gateway).del(`user:${user}:settings:all`)
    t.equal(await preferences(`${user}`), text, 'from the database')
    const history = await gateway.as(`${user}`, { url: `${SETTINGS}/history` })
    t.equal(history.statusCode, 200)
    await send(`${user}`, SETTINGS, '{"preferences":{"more":1}}')
    await send(`${user}`, `${SETTINGS}/rollback`, '{"version":2}', 'POST')
    t.equal(await preferences(`${user}`), text, 'after a rollback')
  }
})

t.test('a name twice, and a number that would change: 400 with the path', async t => {
  const cases = [
    [
      SETTINGS,
      '{"trading":{"max_usd_allocation":99999999999},"trading":{"max_usd_allocation":323}}',
      'trading',
    ],
    [SETTINGS, '{"preferences":{"a":[{"b":1,"\\u0062":1}]}}', 'preferences.a.0.b'],
    [SETTINGS, '{"preferences":{"orderId":8389765612825190229}}', 'preferences.orderId'],
    [SETTINGS, '{"preferences":{"ids":[1,-9007199254740992]}}', 'preferences.ids.1'],
    [SETTINGS, '{"preferences":{"x":1e20}}', 'preferences.x'],
    [SETTINGS, '{"preferences":{"x":0.1234567890123456789}}', 'preferences.x'],
    [`${SETTINGS}/trading`, '{"max_usd_allocation":1e400}', 'max_usd_allocation'],
    ['/api/admin/defaults', '{"preferences":{"a":1,"a":1}}', 'preferences.a'],
  ] as const
  for (const [url, body, path] of cases) {
    const reply = url.includes('admin') ? await asAdmin(url, body) : await send('7', url, body)
    t.equal(reply.statusCode, 400, body)
    t.match(reply.json(), { code: 'VALIDATION_FAILED', errors: [{ path }] })
  }
  for (const url of [`${SETTINGS}/rollback`, `${SETTINGS}/reset`, '/api/user/sequence']) {
    const twice = '{"version":1,"version":2,"count":1,"count":2,"path":"a","path":"b"}'
    const paths = [{ path: 'version' }, { path: 'count' }, { path: 'path' }]
    t.match((await send('7', url, twice, 'POST')).json(), { status: 400, errors: paths })
  }
  t.equal(await preferences('7'), '{}', 'nothing is stored')
})

t.test('numbers are the same from a write, from Redis and from the database', async t => {
  const put = await send(
    '8',
    SETTINGS,
    '{"preferences":{"a":1.10,"b":1e2,"c":-0,"d":1.0,"e":5e-324,"f":0.10000000000000001,"g":9007199254740991}}',
  )
  t.equal(put.statusCode, 200)
  const numbers = '{"a":1.1,"b":100,"c":0,"d":1,"e":5e-324,"f":0.1,"g":9007199254740991}'
  t.ok(put.body.includes(numbers), put.body)
  t.equal(await preferences('8'), numbers)
  await redisOf(gateway).del('user:8:settings:all')
  t.equal(await preferences('8'), numbers)
  t.equal((await send('8', SETTINGS, put.body.slice(put.body.indexOf('"data":') + 7, -1))).json().version, 2)
})

t.test('digits that an operator stored stay as they are, and other fields can be changed', async t => {
  await send('9', SETTINGS, '{"preferences":{"a":1}}')
  await gateway.services.pool.query(
    `UPDATE documents SET data = jsonb_set(data, '{preferences,orderId}', '8389765612825190229')
     WHERE user_id = '9' AND kind = 'settings'`,
  )
  const stored = '{"a":1,"orderId":8389765612825190229}'
  await eventually('the change is seen', async () => (await preferences('9')) === stored)
  const put = await send('9', SETTINGS, '{"trading":{"dry_run":false}}')
  t.equal(put.statusCode, 200)
  t.equal(await preferences('9'), stored)
  const comparison = await gateway.as('9', { url: `${SETTINGS}/comparison` })
  t.match(comparison.body, /"path":"preferences\.orderId","current":8389765612825190229/)
})

t.test('NUL, halves of pairs and bytes that are no UTF-8', async t => {
  const cases = [
    ['{"preferences":{"a":"\\u0000"}}', 'preferences.a'],
    ['{"preferences":{"x\\u0000":1}}', 'preferences.x\\\\0'],
    ['{"preferences":{"a":"\\ud800"}}', 'preferences.a'],
    ['{"preferences":{"\\udc00":1}}', 'preferences.\ufffd'],
  ] as const
  for (const [body, path] of cases) {
    t.match((await send('7', SETTINGS, body)).json(), { status: 400, errors: [{ path }] })
  }
  const bytes = Buffer.from('{"preferences":{"a":"\u00e9"}}', 'latin1')
  t.match((await send('7', SETTINGS, bytes)).json(), { code: 'INVALID_JSON', detail: /byte 21 \(0xe9/ })
  t.match((await send('7', SETTINGS, '{"a":1,}')).json(), { code: 'INVALID_JSON', detail: /position 7/ })
  t.match((await send('7', SETTINGS, '\ufeff{}')).json(), { code: 'INVALID_JSON', detail: /byte order mark/ })
})

t.test('200,000 names are refused at once, and a document does not grow beyond the bound', async t => {
  const names = (count: number, prefix: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 1]))
  const put = (count: number, prefix: string) =>
    send('10', SETTINGS, JSON.stringify({ preferences: names(count, prefix) }))
  t.match((await put(200_000, 'n')).json(), { status: 400, errors: [{ message: /50000 names/ }] })
  t.equal((await put(40_000, 'a')).statusCode, 200)
  t.match((await put(20_000, 'b')).json(), { code: 'DOCUMENT_TOO_LARGE', detail: /50000 names/ })
})

t.test('bodies of the exchange stay bytes', async t => {
  const body = '{ "orderId": 8389765612825190229, "a":1, "a":1.10, "\\u0061":1e400 }'
  t.equal((await send('7', '/api/binance/orders', body)).statusCode, 204)
  t.equal((await gateway.as('7', { url: '/api/binance/orders' })).body, body)
  t.match((await send('7', '/api/binance/orders', '{"a":}')).json(), {
    code: 'INVALID_JSON',
    detail: /position 5/,
  })
})

t.test(
  'a defaults file: its byte order mark is read, other bytes are refused with their position',
  async t => {
    const sync = () => asAdmin('/api/admin/sync-defaults', '{}', 'POST')
    t.equal((await sync()).statusCode, 200)
    writeFileSync(
      file,
      Buffer.concat([Buffer.from('{"metadata":\n"'), Buffer.from([0xe9]), Buffer.from('"}')]),
    )
    t.match((await sync()).json(), { code: 'DEFAULTS_INVALID', detail: /byte 14 \(0xe9, line 2\)/ })
    writeFileSync(file, '{"metadata":{},"preferences":{"a":1,"\\u0061":1,"b":12345678901234567890}}')
    t.match((await sync()).json(), { code: 'DEFAULTS_INVALID', errors: [{ path: 'preferences.a' }] })
    writeFileSync(file, '{"preferences":{"b":12345678901234567890}}')
    t.match((await sync()).json(), {
      code: 'DEFAULTS_INVALID',
      errors: [{ path: 'preferences.b', message: /string/ }],
    })
  },
)

function asAdmin(url: string, payload: string, method: 'PUT' | 'POST' = 'PUT') {
  return gateway.app.inject({
    method,
    url,
    headers: { ...ADMIN, 'content-type': 'application/json' },
    payload,
  })
}
