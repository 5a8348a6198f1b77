import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../helper/backends.ts'
import { redisOf, startGateway, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

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
  for (const where of [url, `${url}?dry_run=true`]) {
    const beside = await admin({
      method: 'PUT',
      url: where,
      payload: { circuit_breaker: { enabled: false } },
    })
    t.match(beside.json(), {
      status: 400,
      errors: [{ path: 'circuit_breaker.enabled', message: /circuit_breaker\.global\.enabled/ }],
    })
  }
  const dry = await admin({
    method: 'PUT',
    url: `${url}?dry_run=true`,
    payload: {
      mode_configs: { ultra_fast: { enabled: true }, scalp: { size: { leverage: 20 } } },
      circuit_breaker: { global: { enabled: false } },
    },
  })
  t.strictSame(
    dry
      .json()
      .changes.map(({ path, risk }: { path: string; risk: string }) => `${path} ${risk}`)
      .sort(),
    [
      'circuit_breaker.global.enabled high',
      'mode_configs.scalp.size.leverage medium',
      'mode_configs.ultra_fast.enabled high',
    ],
    'a dry run says how risky each new default is',
  )
  const client = redisOf(gateway)
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
