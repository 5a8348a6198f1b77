import t from 'tap'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const SETTINGS = '/api/user/settings'

const { gateway } = await startStack(t)
const put = (url: string, payload: unknown) =>
  gateway.as('42', {
    method: 'PUT',
    url,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(payload),
  })

t.test('null is a value, where a field allows it', async t => {
  for (const [url, payload, path] of [
    [SCALP, { size: { leverage: null } }, 'size.leverage'],
    [SCALP, { size: null }, 'size'],
    [SCALP, { enabled: null }, 'enabled'],
    [SCALP, { nope: null }, 'nope'],
    [SCALP, null, ''],
    [SETTINGS, { trading: null }, 'trading'],
    [SETTINGS, { preferences: null }, 'preferences'],
    [`${SETTINGS}/trading`, { timezone: null }, 'timezone'],
    ['/api/futures/ginie/capital-allocation', { scalp_percent: null }, 'scalp_percent'],
  ] as const) {
    const reply = await put(url, payload)
    t.equal(reply.statusCode, 400, `${url} ${JSON.stringify(payload)}`)
    t.ok(
      reply.json().errors.some((fault: { path: string }) => fault.path === path),
      reply.body,
    )
  }
  t.equal((await gateway.as('42', { url: SCALP })).json().version, 1, 'nothing is stored')
  const levels = async () => (await gateway.as('42', { url: SCALP })).json().data.sltp.tp_gain_levels
  t.equal((await put(SCALP, { sltp: { tp_gain_levels: [1, 2] } })).statusCode, 200)
  t.strictSame(await levels(), [1, 2])
  t.equal((await put(SCALP, { sltp: { tp_gain_levels: null } })).statusCode, 200)
  t.equal(await levels(), null, 'null takes the place of a value')
  const preferences = async () => (await gateway.as('42', { url: SETTINGS })).json().data.preferences
  await put(SETTINGS, { preferences: { theme: 'dark', panes: { left: 1, right: 2 } } })
  await put(SETTINGS, { preferences: { theme: null, panes: { left: null } } })
  t.strictSame(await preferences(), { theme: null, panes: { left: null, right: 2 } }, 'null removes nothing')
  await put(SETTINGS, { preferences: { panes: null } })
  await put(SETTINGS, { preferences: { panes: { right: 3 } } })
  t.strictSame(await preferences(), { theme: null, panes: { right: 3 } }, 'an object takes the place of null')
})

t.test('a rollback to content of an older schema', async t => {
  const as = (url: string) => gateway.as('43', { url })
  const rollback = (version: number) =>
    gateway.as('43', { method: 'POST', url: `${SCALP}/rollback`, payload: { version } })
  for (const leverage of [5, 6, 7]) {
    await gateway.as('43', { method: 'PUT', url: SCALP, payload: { size: { leverage } } })
  }
  // As if these versions had been stored when other values were allowed, and not all of today's fields existed.
  const rewrite = (version: number, sql: string) =>
    gateway.services.pool.query(
      `UPDATE document_history SET data = ${sql} WHERE user_id = '43' AND kind = 'mode.scalp' AND version = $1`,
      [version],
    )
  await rewrite(
    1,
    `jsonb_set(jsonb_set(data, '{size,leverage}', '500'), '{confidence,min_confidence}', '"many"')`,
  )
  await rewrite(2, `data || '{"moon_phase": {"weight": 1}}'`)
  await rewrite(3, `data #- '{size,max_size_usd}' #- '{mtf}'`)
  const before = await as(SCALP)
  const history = (await as(`${SCALP}/history`)).json()
  const broken = await rollback(1)
  t.match(broken.json(), { status: 400, code: 'VALIDATION_FAILED' })
  t.strictSame(
    broken
      .json()
      .errors.map((fault: { path: string }) => fault.path)
      .sort(),
    ['confidence.min_confidence', 'size.leverage'],
  )
  t.match((await rollback(2)).json(), { status: 400, errors: [{ path: 'moon_phase' }] })
  t.equal((await as(SCALP)).body, before.body, 'nothing is stored')
  t.strictSame((await as(`${SCALP}/history`)).json(), history)
  const filled = (await rollback(3)).json()
  t.match(filled, { version: 5, data: { size: { leverage: 6 } } })
  t.strictSame(
    [filled.data.size.max_size_usd, filled.data.mtf],
    [before.json().data.size.max_size_usd, before.json().data.mtf],
    'what was not there yet has its default',
  )
})

t.test(
  'names that begin with _ are notes of the defaults file: nothing of a user is lost when it is published',
  async t => {
    const message = /notes of the defaults file/
    for (const [url, payload, path] of [
      [SETTINGS, { preferences: { _id: 5 } }, 'preferences._id'],
      [SETTINGS, { preferences: { panes: { _risk_info: {} } } }, 'preferences.panes._risk_info'],
      [SETTINGS, { _note: 'x' }, '_note'],
      [`${SETTINGS}/trading`, { _note: 'x' }, '_note'],
      [SCALP, { size: { _note: 'x' } }, 'size._note'],
    ] as const) {
      t.match((await put(url, payload)).json(), { status: 400, errors: [{ path, message }] })
    }
    const preferences = { list: [{ _id: 1 }], id_: 2 }
    t.equal((await put(SETTINGS, { preferences })).statusCode, 200)
    const sync = { method: 'POST', url: '/api/admin/sync-defaults', headers: ADMIN } as const
    const synced = await gateway.app.inject({ ...sync, payload: { source: 'user', user_id: '42' } })
    t.equal(synced.statusCode, 200, synced.body)
    t.match((await gateway.as('new', { url: SETTINGS })).json().data.preferences, preferences)
  },
)
