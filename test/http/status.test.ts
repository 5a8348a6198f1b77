import t from 'tap'
import { eventually, REDIS_OUTAGE, startStack } from '../helper/gateway.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'

const url = '/api/admin/status'

t.test('the status of an instance is for admins', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  const ask = async () => (await gateway.app.inject({ url, headers: ADMIN })).json()
  t.equal((await gateway.app.inject({ url })).statusCode, 401)
  t.equal((await gateway.app.inject({ url, headers: bearer('42') })).statusCode, 403)
  // On a busy machine a lease may lapse for a moment.
  let begun = await ask()
  await eventually('the cache is on, and a lease held', async () => {
    begun = await ask()
    return begun.view.mode === 'on' && begun.view.lease_held && begun.health.status === 'healthy'
  })
  t.match(begun, { view: { mode: 'on', reason: 'gate' }, samples: [] })
  const on = begun.transitions.filter((each: { state: string }) => each.state === 'on')
  t.match(on.at(-1), { subject: 'view', detail: 'the cache was emptied' })
  await redis.kill()
  await gateway.as('42', {
    method: 'PUT',
    url: '/api/user/settings',
    payload: { trading: { dry_run: false } },
  })
  const off = await gateway.app.inject({ url: '/metrics' })
  t.match(off.body, 'cache_view_off_reason{reason="redis-unreachable"} 1')
  t.match((await ask()).view, { mode: 'off', reason: 'redis-unreachable', lease_held: false })
  await redis.restart()
  await eventually('the view is ON again', async () => (await ask()).view.mode === 'on')
  const { transitions } = await ask()
  t.match(
    transitions.find((each: { state: string }) => each.state === 'on'),
    { subject: 'view', recovery_ms: Number },
  )
  // On a busy machine a lease may lapse for a moment, here as well.
  await eventually('no reason is left', async () => {
    const { body } = await gateway.app.inject({ url: '/metrics' })
    return !body.includes('cache_view_off_reason{')
  })
})

t.test('a change by hand turns the view OFF without any instance: it is seen all the same', async t => {
  const { gateway } = await startStack(t, REDIS_OUTAGE)
  await gateway.as('42', { url: '/api/user/settings' })
  await gateway.services.pool.query(`UPDATE documents SET version = version + 1 WHERE user_id = '42'`)
  await eventually('the view is ON again', async () => {
    const { body } = await gateway.app.inject({ url: '/metrics' })
    return /cache_view_transitions_total\{mode="off",reason="manual-edit"\} 1/.test(body)
  })
})
