import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../helper/backends.ts'
import { startGateway, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const COMPARISON = '/api/user/settings/comparison'

t.test('comparison, preview, load-defaults and reset', async t => {
  const { gateway } = await startStack(t)
  const post = (url: string, payload?: object) =>
    gateway.as('42', { method: 'POST', url, ...(payload === undefined ? {} : { payload }) })
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
  t.match((await post('/api/user/settings/reset', { document: 'nope', path: 'x' })).json(), {
    errors: [{ path: 'document' }],
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

t.test('the admin defaults', async t => {
  const { gateway } = await startStack(t)
  const admin = (options: object) => gateway.app.inject({ headers: ADMIN, ...options })
  const url = '/api/admin/defaults'
  const first = await admin({ url })
  t.equal(first.headers.etag, '"1"')
  t.equal(first.headers['cache-status'], 'settings-gateway; hit')
  t.equal(first.json().data.mode_configs.ultra_fast.enabled, false)
  const put = await admin({ method: 'PUT', url, payload: { global_trading: { max_usd_allocation: 1000 } } })
  t.match(put.json(), {
    version: 2,
    data: { global_trading: { max_usd_allocation: 1000, risk_level: 'moderate' } },
  })
  const { client } = gateway.services.redis!.reads.connections[0]!
  t.equal(await client.get('admin:defaults:all'), put.body)
  t.match(await client.get('admin:defaults:hash'), /^[0-9a-f]{32}$/)
  const stale = await admin({
    method: 'PUT',
    url,
    headers: { ...ADMIN, 'if-match': '"1"' },
    payload: { preferences: {} },
  })
  t.match(stale.json(), { status: 412, current: { version: 2 } })
  const bad = await admin({
    method: 'PUT',
    url,
    payload: {
      global_trading: { max_usd_allocation: -1 },
      mode_configs: { scalp: { size: { leverage: 'x' } } },
      nope: 1,
    },
  })
  t.match(
    bad
      .json()
      .errors.map((fault: { path: string }) => fault.path)
      .sort(),
    ['global_trading.max_usd_allocation', 'mode_configs.scalp.size.leverage', 'nope'],
  )
  t.equal(
    (await gateway.as('new', { url: '/api/user/settings/trading' })).json().data.max_usd_allocation,
    1000,
  )
  const report = await admin({ method: 'POST', url: '/api/admin/sync-defaults' })
  t.match(report.json(), { changed: true, version: 3, hash: /^[0-9a-f]{32}$/ })
  t.equal(
    (await admin({ method: 'POST', url: '/api/admin/sync-defaults', payload: { source: 'file' } })).json()
      .changed,
    false,
  )
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })
  const fromUser = await admin({
    method: 'POST',
    url: '/api/admin/sync-defaults',
    payload: { source: 'user', user_id: '42' },
  })
  t.match(fromUser.json(), {
    changed: true,
    changes: [{ path: 'mode_configs.scalp.size.leverage', from: 10, to: 7 }],
  })
  t.equal(
    (await admin({ method: 'POST', url: '/api/admin/sync-defaults', payload: { source: 'x' } })).statusCode,
    400,
  )
})

t.test('a file of another version of the bot', async t => {
  const file = join(temporaryDirectory(t), 'defaults.json')
  const defaults = JSON.parse(readFileSync('default-settings.json', 'utf8'))
  defaults.mode_configs.scalp_reentry = { enabled: true }
  defaults.mode_configs.scalp.mtf = null
  defaults.mode_configs.scalp.moon_phase = { enabled: true, weight: 0.5 }
  defaults.brand_new = { a: 1 }
  defaults.llm_config = null
  writeFileSync(file, JSON.stringify(defaults))
  const { gateway } = await startStack(t, { DEFAULT_SETTINGS_FILE: file })
  const scalp = (await gateway.as('42', { url: SCALP })).json()
  t.strictSame(scalp.data.moon_phase, { enabled: true, weight: 0.5 })
  t.equal(scalp.data.mtf.mtf_enabled, true)
  const put = (payload: object) => gateway.as('42', { method: 'PUT', url: SCALP, payload })
  t.equal((await put({ moon_phase: { weight: 0.7 } })).json().data.moon_phase.weight, 0.7)
  t.match((await put({ moon_phase: { weight: 'much' } })).json(), {
    errors: [{ path: 'moon_phase.weight', message: 'must be number' }],
  })
  const admin = (options: object) =>
    gateway.app.inject({ headers: ADMIN, url: '/api/admin/defaults', ...options })
  t.match((await admin({})).json().data, {
    brand_new: { a: 1 },
    mode_configs: { scalp_reentry: { enabled: true } },
  })
  t.equal((await admin({ method: 'PUT', payload: { brand_new: { a: 2 } } })).json().data.brand_new.a, 2)
  t.equal((await admin({ method: 'PUT', payload: { brand_new: { a: 'x' } } })).statusCode, 400)
  defaults.mode_configs.scalp.size.leverage = 500
  defaults.capital_allocation.scalp_percent = 'many'
  writeFileSync(file, JSON.stringify(defaults))
  const sync = await gateway.app.inject({ method: 'POST', url: '/api/admin/sync-defaults', headers: ADMIN })
  t.match(sync.json(), { status: 422, code: 'DEFAULTS_INVALID' })
  t.strictSame(
    sync
      .json()
      .errors.map((fault: { path: string }) => fault.path)
      .sort(),
    ['capital_allocation.scalp_percent', 'mode_configs.scalp.size.leverage'],
  )
  await t.rejects(
    startGateway(t, {
      DATABASE_URL: gateway.databaseUrl.replace(/\w+$/, 'postgres'),
      DEFAULT_SETTINGS_FILE: '/nowhere',
    }),
  )
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

t.test('users', async t => {
  const { gateway } = await startStack(t)
  const admin = (options: object) => gateway.app.inject({ headers: ADMIN, ...options })
  const create = () => admin({ method: 'POST', url: '/api/users', payload: { user_id: '43' } })
  t.equal((await create()).statusCode, 201)
  t.equal((await create()).statusCode, 200)
  await gateway.as('43', { url: '/api/futures/ginie/decision-settings' })
  const { client } = gateway.services.redis!.reads.connections[0]!
  t.equal((await client.keys('user:43:*')).length, 15)
  await gateway.as('43', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })
  t.equal((await admin({ method: 'DELETE', url: '/api/users/43' })).statusCode, 204)
  t.strictSame(await client.keys('user:43:*'), [])
  t.equal((await admin({ method: 'DELETE', url: '/api/users/43' })).statusCode, 404)
  const again = (await gateway.as('43', { url: SCALP })).json()
  t.match(again, { version: 4, data: { size: { leverage: 10 } } }, 'a new user, whose versions go on')
  t.match((await gateway.as('43', { url: `${SCALP}/history` })).json(), [{ version: 4, reason: 'provision' }])
  const inspection = (await admin({ url: '/api/admin/cache/43' })).json()
  const scalp = inspection.keys.find((key: { key: string }) => key.key === 'user:43:mode:scalp')
  t.match(scalp, { state: 'value', version_redis: 4, version_database: 4 })
  await client.flushall()
  t.equal((await admin({ method: 'POST', url: '/api/admin/cache/43/warm' })).statusCode, 200)
})

t.test('AUTO_PROVISION=false', async t => {
  const { gateway } = await startStack(t, { AUTO_PROVISION: 'false' })
  t.match((await gateway.as('44', { url: SCALP })).json(), { status: 404, code: 'USER_NOT_FOUND' })
  t.match((await gateway.as('44', { method: 'PUT', url: SCALP, payload: {} })).json(), {
    code: 'USER_NOT_FOUND',
  })
  t.equal(
    (
      await gateway.app.inject({
        method: 'POST',
        url: '/api/users',
        headers: ADMIN,
        payload: { user_id: '44' },
      })
    ).statusCode,
    201,
  )
  t.equal((await gateway.as('44', { url: SCALP })).statusCode, 200)
})
