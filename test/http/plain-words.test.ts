import t from 'tap'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const { gateway } = await startStack(t)
const put = (url: string, payload: object) => gateway.as('42', { method: 'PUT', url, payload })

t.test('the whole answer of a GET sent back', async t => {
  for (const url of [SCALP, '/api/user/settings', '/api/user/settings/trading']) {
    const whole = (await gateway.as('42', { url })).json()
    for (const query of ['', '?dry_run=true']) {
      const answer = await put(`${url}${query}`, whole)
      t.match(answer.json(), {
        status: 400,
        detail: 'the body is the whole answer of a GET: send only its `data`',
      })
    }
    t.equal((await put(url, whole.data)).statusCode, 200)
  }
  const defaults = await gateway.app.inject({ url: '/api/admin/defaults', headers: ADMIN })
  const answer = await gateway.app.inject({
    method: 'PUT',
    url: '/api/admin/defaults',
    headers: ADMIN,
    payload: defaults.json(),
  })
  t.match(answer.json(), { status: 400, detail: /send only its `data`/ })
})

t.test('a field without its group', async t => {
  const messageOf = async (url: string, payload: object) => (await put(url, payload)).json().errors[0].message
  t.equal(
    await messageOf(SCALP, { min_confidence: 40 }),
    'unknown field min_confidence, did you mean confidence.min_confidence?',
  )
  t.equal(
    await messageOf(SCALP, { size: { min_confidence: 40 } }),
    'unknown field min_confidence, did you mean confidence.min_confidence?',
  )
  t.match(
    await messageOf('/api/user/settings', { max_usd_allocation: 4 }),
    'did you mean trading.max_usd_allocation?',
  )
})

t.test('what a section is sent that it does not hold', async t => {
  const section = '/api/user/settings/trading'
  const messageOf = async (url: string, payload: object) => (await put(url, payload)).json().errors[0].message
  const belongsHere = 'unknown field trading: what is in trading belongs here, without its name'
  t.equal(await messageOf(section, { trading: {} }), belongsHere)
  t.equal(await messageOf(section, { trading: { dry_run: true } }), belongsHere)
  t.equal(
    await messageOf(section, { preferences: {} }),
    'unknown field preferences: the whole document has it, as preferences, and this is a section',
  )
  t.equal(
    await messageOf(section, { email_enabled: true }),
    'unknown field email_enabled: the whole document has it, as notifications.email_enabled, and this is a section',
  )
  t.equal(await messageOf(section, { timezon: 'UTC' }), 'unknown field timezon, did you mean timezone?')
  t.equal(
    await messageOf(SCALP, { size: { size: {} } }),
    'unknown field size: what is in size belongs here, without its name',
  )
})

t.test('the bare address leads on', async t => {
  const get = (accept?: string) =>
    gateway.app.inject({ url: '/', headers: accept === undefined ? {} : { accept } })
  for (const accept of [undefined, '*/*', 'application/json', 'application/json, text/html;q=0.5']) {
    const answer = await get(accept)
    t.match(answer.json(), { docs: '/docs', operator_page: '/ops/' }, `${accept}`)
    t.equal(answer.headers.vary, 'Accept')
  }
  const page = await get('text/html,application/xhtml+xml,*/*;q=0.8')
  t.match(page.headers['content-type'], 'text/html')
  for (const url of ['/docs', '/ops/']) {
    t.match(page.body, `href="${url}"`)
    t.ok((await gateway.app.inject({ url })).statusCode < 400, url)
  }
})

t.test('every path that the comparison lists can be reset', async t => {
  // So that the preferences of users and defaults are compared name by name.
  const defaults = {
    method: 'PUT',
    url: '/api/admin/defaults',
    headers: ADMIN,
    payload: { preferences: { k: 1 } },
  } as const
  t.equal((await gateway.app.inject(defaults)).statusCode, 200)
  const names = ['x'.repeat(600), 'a.b\\c', 'x'.repeat(5_000)]
  const preferences = Object.fromEntries(names.map(name => [name, 1]))
  t.equal((await put('/api/user/settings', { preferences })).statusCode, 200)
  const comparison = await gateway.as('42', { url: '/api/user/settings/comparison' })
  const changes: { path: string }[] = comparison.json().documents.settings
  t.equal(changes.length, names.length + 1)
  for (const { path } of changes) {
    const answer = await gateway.as('42', {
      method: 'POST',
      url: '/api/user/settings/reset',
      payload: { document: 'settings', path },
    })
    t.equal(answer.statusCode, 200, path.slice(0, 40))
    t.equal(answer.json().total_changes, 1)
  }
  const unknown = await gateway.as('42', {
    method: 'POST',
    url: '/api/user/settings/reset',
    payload: { document: 'settings', path: 'y.'.repeat(50_000) },
  })
  t.equal(unknown.statusCode, 400)
  t.ok(unknown.body.length < 2_000)
})
