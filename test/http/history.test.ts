import t from 'tap'
import { startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('history and rollback', async t => {
  const { gateway } = await startStack(t)
  const put = (min: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })
  await put(41)
  await put(42)
  const history = await gateway.as('42', { url: `${SCALP}/history` })
  t.match(history.json(), [
    {
      version: 3,
      updated_by: 'service:bot',
      reason: 'put',
      changes: [{ path: 'confidence.min_confidence', from: 41, to: 42 }],
    },
    { version: 2, reason: 'put' },
    { version: 1, reason: 'provision' },
  ])
  t.strictSame(
    (await gateway.as('42', { url: `${SCALP}/history?limit=1&before=3` }))
      .json()
      .map((entry: { version: number }) => entry.version),
    [2],
  )
  t.equal((await gateway.as('42', { url: `${SCALP}/history?limit=0` })).statusCode, 400)
  const back = await gateway.as('42', { method: 'POST', url: `${SCALP}/rollback`, payload: { version: 1 } })
  t.match(back.json(), { version: 4, data: { confidence: { min_confidence: 40 } } })
  t.equal((await gateway.as('42', { url: SCALP })).body, back.body)
  const unknown = await gateway.as('42', {
    method: 'POST',
    url: `${SCALP}/rollback`,
    payload: { version: 99 },
  })
  t.match(unknown.json(), { status: 404, code: 'VERSION_NOT_FOUND' })
})

t.test('a section has a history and a rollback of its own', async t => {
  const { gateway } = await startStack(t)
  const put = (section: string, payload: object) =>
    gateway.as('42', { method: 'PUT', url: `/api/user/settings/${section}`, payload })
  await put('trading', { risk_level: 'aggressive' })
  await put('notifications', { email_enabled: true })
  const history = (await gateway.as('42', { url: '/api/user/settings/trading/history' })).json()
  t.match(history[0], { version: 2, changes: [{ path: 'risk_level', from: 'moderate', to: 'aggressive' }] })
  const back = await gateway.as('42', {
    method: 'POST',
    url: '/api/user/settings/trading/rollback',
    payload: { version: 1 },
  })
  t.match(back.json(), { version: 4, data: { risk_level: 'moderate' } })
  const whole = (await gateway.as('42', { url: '/api/user/settings' })).json()
  t.equal(whole.data.notifications.email_enabled, true, 'the other section stays')
})
