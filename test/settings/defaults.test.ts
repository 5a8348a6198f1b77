import t from 'tap'
import { startGateway, startStack } from '../helper/gateway.ts'

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
