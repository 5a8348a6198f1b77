import t from 'tap'
import { eventually, SHORT_LEASE, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const SHARES = '/api/futures/ginie/capital-allocation'
const { gateway } = await startStack(t, SHORT_LEASE)

/** A value as an older gateway stored it, whose bounds were wider. */
async function store(kind: string, path: string, value: unknown): Promise<void> {
  await gateway.services.pool.query(
    "UPDATE documents SET data = jsonb_set(data, $2, $3) WHERE user_id = '42' AND kind = $1",
    [kind, `{${path.replaceAll('.', ',')}}`, JSON.stringify(value)],
  )
}

async function send(method: 'PUT' | 'POST', url: string, payload: object) {
  const answer = await gateway.as('42', { method, url, payload })
  return { status: answer.statusCode, ...answer.json() }
}

await gateway.as('42', { url: '/api/futures/ginie/decision-settings' })
await store('mode.scalp', 'size.leverage', 5_000)
await store('mode.scalp', 'confidence.min_confidence', 90)
await store('mode.scalp', 'confidence.high_confidence', 80)
await eventually(
  'it is read',
  async () => (await gateway.as('42', { url: SCALP })).json().data.size.leverage === 5_000,
)

t.test('a PUT that touches other fields is stored, and says what is not allowed', async t => {
  const put = await send('PUT', SCALP, { enabled: false })
  t.equal(put.status, 200)
  t.equal(put.data.enabled, false)
  t.match(put.warnings, [
    { path: 'size.leverage', message: /must be <= / },
    { path: 'confidence.min_confidence', message: 'must be <= confidence.high_confidence (80)' },
  ])
  const get = await gateway.as('42', { url: SCALP })
  t.strictSame(Object.keys(get.json()), ['version', 'updated_at', 'data'], 'a GET is as before')
  const again = await send('PUT', SCALP, { enabled: false, size: { leverage: 5_000 } })
  t.equal(again.status, 200, 'what is sent back as it is changes nothing')
  t.equal(again.version, put.version)
  t.equal(again.warnings.length, 2)
  t.match(await send('PUT', `${SCALP}?dry_run=true`, { enabled: true }), {
    applied: false,
    total_changes: 1,
    warnings: [{ document: 'mode.scalp', path: 'size.leverage' }, {}],
  })
})

t.test('one that touches them is refused until they are right', async t => {
  t.match(await send('PUT', SCALP, { size: { leverage: 4_000 } }), {
    status: 400,
    errors: [{ path: 'size.leverage' }],
  })
  // Either field of a rule.
  for (const confidence of [{ min_confidence: 85 }, { high_confidence: 81 }]) {
    const { status, errors } = await send('PUT', SCALP, { confidence })
    t.equal(status, 400)
    t.match(errors, [{ path: 'confidence.min_confidence' }])
    t.equal(errors.length, 1, 'what it does not touch is no fault of it')
  }
})

t.test('the comparison, reset, load-defaults and rollback', async t => {
  const comparison = (await gateway.as('42', { url: '/api/user/settings/comparison' })).json()
  t.match(comparison.warnings, [
    { document: 'mode.scalp', path: 'size.leverage' },
    { document: 'mode.scalp', path: 'confidence.min_confidence' },
  ])
  const reset = await send('POST', '/api/user/settings/reset', { document: 'mode.scalp', path: 'enabled' })
  t.equal(reset.status, 200)
  t.equal(reset.warnings.length, 2)
  t.equal((await send('PUT', SCALP, { confidence: { min_confidence: 70 } })).warnings.length, 1)
  const loaded = await send('POST', `${SCALP}/load-defaults`, {})
  t.match(loaded, { status: 200, applied: true })
  t.notOk('warnings' in loaded)
  t.notOk('warnings' in (await gateway.as('42', { url: '/api/user/settings/comparison' })).json())
  const back = await send('POST', `${SCALP}/rollback`, { version: 4 })
  t.equal(back.status, 400, 'a rollback that brings it back touches it')
})

t.test('a rule of the whole document', async t => {
  await store('capital_allocation', 'ultra_percent', 90)
  await eventually(
    'it is read',
    async () => (await gateway.as('42', { url: SHARES })).json().data.ultra_percent === 90,
  )
  const { data } = (await gateway.as('42', { url: SHARES })).json()
  const other = Object.keys(data).find(name => typeof data[name] === 'boolean')
  if (other !== undefined) t.equal((await send('PUT', SHARES, { [other]: !data[other] })).status, 200)
  t.equal((await send('PUT', SHARES, { swing_percent: data.swing_percent + 1 })).status, 400)
})

t.test('publishing such a user is refused as before', async t => {
  const { statusCode } = await gateway.app.inject({
    method: 'POST',
    url: '/api/admin/sync-defaults',
    headers: ADMIN,
    payload: { source: 'user', user_id: '42' },
  })
  t.equal(statusCode, 422)
})
