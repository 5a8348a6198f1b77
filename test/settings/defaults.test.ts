import t from 'tap'
import { startGateway, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const COMPARISON = '/api/user/settings/comparison'

t.test('comparison, preview, load-defaults and reset', async t => {
  const { gateway } = await startStack(t)
  const post = (url: string, payload?: object) =>
    gateway.as('42', { method: 'POST', url, ...(payload === undefined ? {} : { payload }) })
  // A service that only looks creates no user.
  await gateway.as('42', { url: '/api/user/settings' })
  t.match((await gateway.as('42', { url: COMPARISON })).json(), { all_match: true, total_changes: 0 })
  await gateway.as('42', {
    method: 'PUT',
    url: SCALP,
    payload: { confidence: { min_confidence: 30 }, size: { leverage: 20 } },
  })
  await gateway.as('42', {
    method: 'PUT',
    url: '/api/user/global-circuit-breaker',
    payload: { enabled: false },
  })
  t.match((await gateway.as('42', { url: COMPARISON })).json(), {
    all_match: false,
    total_changes: 3,
    high_risk: 1,
    medium_risk: 2,
    low_risk: 0,
    documents: {
      'mode.scalp': [
        { path: 'confidence.min_confidence', current: 30, default: 40, risk: 'medium' },
        { path: 'size.leverage', current: 20, default: 10, risk: 'medium' },
      ],
      circuit_breaker: [
        { path: 'enabled', current: false, default: true, risk: 'high', recommendation: /Never/ },
      ],
    },
  })
  const preview = (await post(`${SCALP}/load-defaults?preview=true`)).json()
  t.match(preview, { applied: false, total_changes: 2 })
  t.match(
    (await post('/api/user/settings/reset', { document: 'mode.scalp', path: 'size.leverage' })).json(),
    {
      applied: true,
      total_changes: 1,
      changes: [{ path: 'size.leverage' }],
    },
  )
  t.match((await post('/api/user/settings/reset', { document: 'mode.scalp', path: 'size.nope' })).json(), {
    status: 400,
    errors: [{ path: 'path' }],
  })
  const whole = (await post('/api/user/settings/load-defaults?preview=true')).json()
  const applied = (await post('/api/user/settings/load-defaults')).json()
  t.strictSame(applied.changes, whole.changes, 'apply does what the preview said')
  t.match((await gateway.as('42', { url: COMPARISON })).json(), { all_match: true })
  t.equal((await post('/api/futures/ginie/modes/load-defaults')).json().all_match, true)
  t.equal((await post('/api/user/settings/trading/load-defaults')).json().all_match, true)
  const history = (await gateway.as('42', { url: `${SCALP}/history` })).json()
  t.match(history, [
    { reason: 'load-defaults' },
    { reason: 'reset' },
    { reason: 'put' },
    { reason: 'provision' },
  ])
  const back = await post(`${SCALP}/rollback`, { version: 2 })
  t.match(
    back.json().data,
    { confidence: { min_confidence: 30 }, size: { leverage: 20 } },
    'the reset is undone',
  )
})

t.test('reset: the nearest name of what is unknown, and the names of the bot', async t => {
  const { gateway } = await startStack(t)
  const reset = (document: string, path: string) =>
    gateway.as('42', { method: 'POST', url: '/api/user/settings/reset', payload: { document, path } })
  const put = async (url: string, payload: object) => {
    const answer = await gateway.as('42', { method: 'PUT', url, payload })
    t.equal(answer.statusCode, 200, answer.body)
  }
  await put('/api/user/settings', { preferences: { theme: { colour: 'red' } } })
  for (const [document, path, at, message] of [
    ['mode.scalp', 'size.levrage', 'path', 'unknown field size.levrage, did you mean size.leverage?'],
    ['mode.scalp', 'leverage', 'path', 'unknown field leverage, did you mean size.leverage?'],
    ['mode.scalp', 'size.leverage.x', 'path', 'unknown field size.leverage.x: size.leverage has no fields'],
    ['settings', 'preferences.theme.color', 'path', 'did you mean preferences.theme.colour?'],
    ['settings', 'preferences.them.colour', 'path', 'did you mean preferences.theme.colour?'],
    ['settings', 'trading.timezone_offset', 'path', 'there is no trading.timezone_offset'],
    ['settings', 'preferences.theme.colour.0', 'path', 'unknown field'],
    ['mode.skalp', 'enabled', 'document', 'unknown document mode.skalp, did you mean mode.scalp?'],
    ['mode.scalp', `${'x.'.repeat(50_000)}\ud800`, 'path', 'unknown field x.x.'],
  ] as const)
    t.match((await reset(document, path)).json(), { status: 400, errors: [{ path: at, message }] }, path)

  const allocation = { ultra_percent: 20, scalp_percent: 30, swing_percent: 25, position_percent: 25 }
  await put('/api/futures/ginie/capital-allocation', { ...allocation, max_ultra_positions: 9 })
  const mode = '/api/futures/ginie/modes/ultra'
  await put(mode, { size: { leverage: 7 } })
  t.match((await reset('mode.ultra_fast', 'size.leverage')).json(), {
    applied: true,
    changes: [{ document: 'mode.ultra', path: 'size.leverage', current: 7 }],
  })
  t.not((await gateway.as('42', { url: mode })).json().data.size.leverage, 7)
  t.match((await reset('capital_allocation', 'max_ultra_fast_positions')).json(), {
    applied: true,
    changes: [{ document: 'capital_allocation', path: 'max_ultra_positions', current: 9 }],
  })
  await put('/api/futures/ginie/capital-allocation', { ultra_percent: 0, scalp_percent: 50 })
  t.match((await reset('capital_allocation', 'scalp_percent')).json(), {
    status: 400,
    detail: 'the change breaks the rules of the document',
  })
})

t.test('fields in what is empty by default: each with its risk, and each reset is told', async t => {
  const { gateway } = await startStack(t)
  const url = '/api/user/settings'
  const index = { high_risk_settings: ['preferences.auto_trade=true'] }
  await gateway.app.inject({
    method: 'PUT',
    url: '/api/admin/defaults',
    headers: ADMIN,
    payload: { _settings_risk_index: index },
  })
  const put = (preferences: object, query = '') =>
    gateway.as('42', { method: 'PUT', url: `${url}${query}`, payload: { preferences } })
  const reset = (path: string, query = '') =>
    gateway.as('42', { method: 'POST', url: `${url}/reset${query}`, payload: { document: 'settings', path } })
  await gateway.as('42', { url })
  t.match((await put({ auto_trade: true }, '?dry_run=true')).json().changes, [
    { path: 'preferences.auto_trade', new: true, risk: 'high' },
  ])
  await put({ auto_trade: true, a: { b: 2, c: 3 } })
  t.match((await gateway.as('42', { url: COMPARISON })).json(), {
    high_risk: 1,
    low_risk: 2,
    documents: {
      settings: [
        { path: 'preferences.a.b', current: 2, risk: 'low' },
        { path: 'preferences.a.c', current: 3, risk: 'low' },
        { path: 'preferences.auto_trade', current: true, risk: 'high' },
      ],
    },
  })
  const preview = await reset('preferences.a.b', '?preview=true')
  t.match(preview.json(), { all_match: false, total_changes: 1, changes: [{ path: 'preferences.a.b' }] })
  t.strictSame((await reset('preferences.a.b')).json().changes, preview.json().changes)
  t.strictSame((await gateway.as('42', { url })).json().data.preferences, { auto_trade: true, a: { c: 3 } })
})

t.test('a reset of a field below a group that the defaults have as a value is told', async t => {
  const { gateway } = await startStack(t)
  const url = '/api/user/settings'
  await gateway.as('42', { method: 'PUT', url, payload: { preferences: { theme: { dark: true, size: 2 } } } })
  await gateway.app.inject({
    method: 'PUT',
    url: '/api/admin/defaults',
    headers: ADMIN,
    payload: { preferences: { theme: 'light' } },
  })
  const reset = await gateway.as('42', {
    method: 'POST',
    url: `${url}/reset`,
    payload: { document: 'settings', path: 'preferences.theme.dark' },
  })
  t.match(reset.json(), { total_changes: 1, changes: [{ path: 'preferences.theme.dark', current: true }] })
  t.strictSame((await gateway.as('42', { url })).json().data.preferences, { theme: { size: 2 } })
})

t.test('a reset of everything is never seen in part, through two instances', async t => {
  const { gateway, redis } = await startStack(t)
  const other = await startGateway(t, { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url })
  const decision = '/api/futures/ginie/decision-settings'
  const docs = [SCALP, '/api/futures/ginie/modes/swing', '/api/futures/ginie/modes/position']
  let resetting = true
  let torn = 0
  let reads = 0
  const readers = [gateway, other].map(async instance => {
    while (resetting) {
      const { modes } = (await instance.as('42', { url: decision })).json()
      reads++
      // All three are changed before a reset, so afterwards all three have the default or none has.
      const values = new Set(
        ['scalp', 'swing', 'position'].map(mode => modes[mode].data.size.base_size_usd === 77),
      )
      if (values.size > 1 && modes.scalp.version % 2 === 1) torn++
    }
  })
  for (let round = 0; round < 15; round++) {
    for (const url of docs)
      await gateway.as('42', { method: 'PUT', url, payload: { size: { base_size_usd: 77 } } })
    await gateway.as('42', { method: 'POST', url: '/api/user/settings/load-defaults' })
  }
  resetting = false
  await Promise.all(readers)
  t.ok(reads > 30, `${reads} reads`)
  t.equal(torn, 0)
})
