import t, { type Test } from 'tap'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const DECISION = '/api/futures/ginie/decision-settings'
const SCALP = '/api/futures/ginie/modes/scalp'
const DEFAULTS = '/api/admin/defaults'
const { gateway } = await startStack(t)

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'
interface Write {
  readonly method: Method
  readonly url: string
  readonly payload?: object
  /** The GET whose tag it honours. */
  readonly tagOf: string
}

const WRITES: readonly Write[] = [
  { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } }, tagOf: SCALP },
  { method: 'PUT', url: `${SCALP}?dry_run=true`, payload: { size: { leverage: 8 } }, tagOf: SCALP },
  {
    method: 'PUT',
    url: '/api/user/settings/trading',
    payload: { max_usd_allocation: 77 },
    tagOf: '/api/user/settings/trading',
  },
  { method: 'POST', url: `${SCALP}/rollback`, payload: { version: 1 }, tagOf: SCALP },
  { method: 'POST', url: `${SCALP}/load-defaults`, tagOf: SCALP },
  {
    method: 'POST',
    url: '/api/user/settings/trading/load-defaults',
    tagOf: '/api/user/settings/trading',
  },
  { method: 'POST', url: '/api/futures/ginie/modes/load-defaults', tagOf: '/api/futures/ginie/modes' },
  { method: 'POST', url: '/api/user/settings/load-defaults?preview=true', tagOf: DECISION },
  { method: 'POST', url: '/api/user/settings/load-defaults', tagOf: DECISION },
  {
    method: 'POST',
    url: '/api/user/settings/reset',
    payload: { document: 'mode.scalp', path: 'size.leverage' },
    tagOf: SCALP,
  },
  { method: 'PUT', url: DEFAULTS, payload: { global_trading: { max_usd_allocation: 77 } }, tagOf: DEFAULTS },
  { method: 'POST', url: '/api/admin/sync-defaults', payload: { source: 'file' }, tagOf: DEFAULTS },
  { method: 'POST', url: '/api/users', payload: { user_id: '42' }, tagOf: DECISION },
  { method: 'DELETE', url: '/api/users/42', tagOf: DECISION },
]

function send(method: Method, url: string, headers: Record<string, string> = {}, payload?: object) {
  const body = payload === undefined ? {} : { payload }
  return gateway.app.inject({
    method,
    url,
    headers: { ...ADMIN, 'x-user-id': '42', ...headers },
    ...body,
  })
}

async function tag(url: string): Promise<string> {
  return String((await send('GET', url)).headers.etag)
}

async function refused(t: Test, write: Write, headers: Record<string, string>): Promise<void> {
  const { method, url, payload, tagOf } = write
  const before = await send('GET', tagOf)
  const answer = await send(method, url, headers, payload)
  const name = `${method} ${url} ${JSON.stringify(headers)}`
  t.equal(answer.statusCode, 412, name)
  t.match(answer.json(), { code: 'VERSION_MISMATCH' })
  t.strictSame(answer.json().current, before.json(), `${name}: current`)
  t.strictSame((await send('GET', tagOf)).headers.etag, before.headers.etag, `${name}: nothing is written`)
}

t.test('every write honours If-Match and If-None-Match', async t => {
  for (const write of WRITES) {
    // So that there is something to change.
    await send('PUT', SCALP, {}, { size: { leverage: 5 } })
    await send('PUT', '/api/user/settings/trading', {}, { max_usd_allocation: 55 })
    const current = await tag(write.tagOf)
    await refused(t, write, { 'if-match': '"999"' })
    await refused(t, write, { 'if-match': `W/${current}` })
    await refused(t, write, { 'if-match': current.replaceAll(/\d+/g, '0$&') })
    await refused(t, write, { 'if-none-match': '*' })
    await refused(t, write, { 'if-none-match': current })
    await refused(t, write, { 'if-none-match': `"x,y", W/${current}` })
    for (const garbage of ['7', '"7', '"7" "8"', '*, "7"', '']) {
      for (const name of ['if-match', 'if-none-match']) {
        const { statusCode } = await send(write.method, write.url, { [name]: garbage }, write.payload)
        t.equal(statusCode, 400, `${write.url} ${name}: ${garbage}`)
      }
    }
    const list = `"a,b", ,"9\\", ${current}`
    const { statusCode } = await send(
      write.method,
      write.url,
      { 'if-match': list, 'if-none-match': '"0"' },
      write.payload,
    )
    t.ok(statusCode < 300, `${write.method} ${write.url} with the current tag: ${statusCode}`)
  }
  t.equal((await send('PUT', SCALP, { 'if-match': '*' }, { size: { leverage: 4 } })).statusCode, 200)
})

t.test('a list of more than a hundred tags is read to its end', async t => {
  const others = Array.from({ length: 150 }, (_, i) => `"${1_000 + i}"`).join(',')
  const current = await tag(SCALP)
  const write: Write = { method: 'PUT', url: SCALP, payload: { size: { leverage: 3 } }, tagOf: SCALP }
  await refused(t, write, { 'if-none-match': `${others},${current}` })
  t.equal((await send('PUT', SCALP, { 'if-match': `${others},${current}` }, write.payload)).statusCode, 200)
})

t.test('versions are compared as texts, also those that a double would round', async t => {
  const get = async (etag: string) => (await send('GET', SCALP, { 'if-none-match': etag })).statusCode
  const current = await tag(SCALP)
  t.equal(await get(current), 304)
  t.equal(await get(`"a,b",W/${current}`), 304)
  t.equal(await get(current.replace(/\d+/, '0$&')), 200)
  t.equal(await get(current.replace(/\d+/, '$&.0')), 200)
  t.equal(await get('"9007199254740993"'), 200)
})

t.test('of writes at the same time with one tag one is made', async t => {
  const etag = await tag(DECISION)
  await send('PUT', SCALP, {}, { size: { leverage: 2 } })
  const [fresh, modes] = [await tag(DECISION), await tag('/api/futures/ginie/modes')]
  t.not(fresh, etag)
  const answers = await Promise.all([
    send('POST', '/api/user/settings/load-defaults', { 'if-match': fresh }),
    send('POST', '/api/futures/ginie/modes/load-defaults', { 'if-match': modes }),
    send('POST', '/api/user/settings/load-defaults', { 'if-match': fresh }),
    send('PUT', SCALP, { 'if-match': await tag(SCALP) }, { size: { leverage: 9 } }),
  ])
  const statuses = answers.map(({ statusCode }) => statusCode)
  t.strictSame([...statuses].sort(), [200, 412, 412, 412], `${statuses}`)
})

t.test('what has no tag refuses a precondition', async t => {
  for (const [method, url, payload] of [
    ['PUT', '/api/binance/positions', []],
    ['DELETE', '/api/binance/orders', undefined],
    ['POST', '/api/user/sequence', { count: 1 }],
    ['POST', '/api/admin/cache/42/warm', undefined],
  ] as const) {
    for (const header of [{ 'if-match': '"7"' }, { 'if-match': '*' }, { 'if-none-match': '*' }]) {
      const answer = await send(method, url, header as Record<string, string>, payload as object | undefined)
      t.equal(answer.statusCode, 412, url)
    }
    t.ok(
      (await send(method, url, { 'if-none-match': '"7"' }, payload as object | undefined)).statusCode < 300,
    )
  }
})
