import t from 'tap'
import { VersionMismatchError } from '../../src/client/client.ts'
import type { Scope } from '../helper/backends.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually, SERVICE_TOKEN, startGateway, startStack, type TestGateway } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'
import { openClient } from './open-client.ts'

let gateway: TestGateway

t.before(async () => {
  gateway = (await startStack(t)).gateway
})

const connect = (t: Scope, token = SERVICE_TOKEN) => openClient(t, gateway, { token })

t.test('a decision cycle reads everything, and a poll costs a 304', async t => {
  const user = connect(t).user('1')
  const first = await user.decisionSettings()
  t.equal(first.value.user_id, '1')
  t.strictSame(Object.keys(first.value.modes), ['ultra', 'scalp', 'swing', 'position'])
  t.equal(first.value.settings.data.trading.timezone, 'UTC')
  t.equal(first.value.modes.scalp.data.confidence.min_confidence, 40)
  t.equal(first.unchanged, false)
  const second = await user.decisionSettings()
  t.match(second, {
    unchanged: true,
    unverified: false,
    etag: first.etag,
    cacheStatus: 'settings-gateway; hit',
  })
  t.equal(second.value, first.value, 'the same object: nothing was parsed again')
  t.throws(() => Object.assign(second.value.modes.scalp.data, { enabled: false }), TypeError, 'it is frozen')
  await user.putMode('scalp', { confidence: { min_confidence: 45 } })
  const third = await user.decisionSettings()
  t.equal(third.unchanged, false)
  t.equal(third.value.modes.scalp.data.confidence.min_confidence, 45)
  const scalp = await user.decisionSettings({ mode: 'scalp' })
  t.strictSame(Object.keys(scalp.value.modes), ['scalp'])
  t.strictSame(scalp.value.modes.scalp, third.value.modes.scalp)
})

t.test('what one user has is never what another one gets', async t => {
  const [bot, own] = [connect(t), connect(t, bearer('3').authorization.slice('Bearer '.length))]
  await bot.user('2').put('llm_config', { enabled: false })
  await bot.user('3').put('circuit_breaker', { cooldown_minutes: 77 })
  const [two, three, self] = [bot.user('2'), bot.user('3'), own.user()]
  for (let round = 0; round < 2; round++) {
    t.not((await two.get('circuit_breaker')).value.data.cooldown_minutes, 77)
    t.equal((await three.get('circuit_breaker')).value.data.cooldown_minutes, 77)
    t.equal((await self.get('circuit_breaker')).value.data.cooldown_minutes, 77)
  }
  let token = bearer('2').authorization.slice('Bearer '.length)
  const renewing = openClient(t, gateway, { token: () => token })
  t.equal((await renewing.user().get('llm_config')).value.data.enabled, false)
  await bot.user('3').put('llm_config', { enabled: false })
  await bot.user('3').put('llm_config', { enabled: true })
  await bot.user('2').put('llm_config', { enabled: true })
  await bot.user('2').put('llm_config', { enabled: false })
  t.equal((await renewing.user().get('llm_config')).value.data.enabled, false)
  token = bearer('3').authorization.slice('Bearer '.length)
  t.equal(
    (await renewing.user().get('llm_config')).value.data.enabled,
    true,
    'versions are equal, users are not',
  )
})

t.test('every document and section can be read and changed', async t => {
  const user = connect(t).user('4')
  t.equal(
    (await user.get('settings.trading')).value.data.dry_run,
    (await user.get('settings')).value.data.trading.dry_run,
  )
  const trading = await user.put('settings.trading', { max_usd_allocation: 1234 })
  t.match(trading, { version: 2, data: { max_usd_allocation: 1234 } })
  t.equal((await user.put('settings.notifications', { min_pnl_usd: 5 })).version, 3)
  t.equal((await user.put('scalp_reentry', { tp1_percent: 0.2 })).version, 2)
  t.equal((await user.put('capital_allocation', {})).version, 1)
  t.equal((await user.put('safety.swing', { max_trades_per_day: 7 })).data.max_trades_per_day, 7)
  t.equal((await user.safetySettings()).value.swing.data.max_trades_per_day, 7)
  t.equal((await user.modes()).value.ultra.version, 1)
  t.equal((await user.mode('ultra')).value.version, 1)
})

t.test('If-Match, update and preview', async t => {
  const user = connect(t).user('5')
  const stale = user.putMode('swing', { size: { leverage: 3 } }, { ifMatch: 9 })
  await t.rejects(stale, VersionMismatchError)
  const error: VersionMismatchError = await stale.catch(error => error)
  t.match(error, { status: 412, code: 'VERSION_MISMATCH', current: { version: 1, data: { enabled: true } } })
  const updated = await user.update('mode.swing', ({ size }) => ({ size: { leverage: size.leverage + 1 } }))
  t.equal(updated.version, 2)
  const both = await Promise.all(
    Array.from({ length: 4 }, () =>
      user.update('mode.swing', ({ size }) => ({ size: { max_positions: size.max_positions + 1 } })),
    ),
  )
  t.strictSame(both.map(({ version }) => version).sort(), [3, 4, 5, 6], 'no update is lost')
  const report = await user.preview('mode.swing', { size: { leverage: 20 } })
  t.match(report, { applied: false, total_changes: 1, changes: [{ path: 'size.leverage', new: 20 }] })
  t.equal((await user.mode('swing')).value.version, 6)
})

t.test('history, rollback, defaults and comparison', async t => {
  const user = connect(t).user('6')
  await user.put('circuit_breaker', { cooldown_minutes: 61 })
  await user.put('circuit_breaker', { cooldown_minutes: 62 })
  const history = await user.history('circuit_breaker')
  t.strictSame(
    history.map(({ version, reason }) => [version, reason]),
    [
      [3, 'put'],
      [2, 'put'],
      [1, 'provision'],
    ],
  )
  t.strictSame(
    (await user.history('circuit_breaker', { limit: 1, before: 3 })).map(({ version }) => version),
    [2],
  )
  t.match(await user.rollback('circuit_breaker', 2, { ifMatch: 3 }), {
    version: 4,
    data: { cooldown_minutes: 61 },
  })
  t.match(await user.comparison(), { all_match: false, total_changes: 1 })
  t.match(await user.loadDefaults('all', { preview: true }), { applied: false, total_changes: 1 })
  t.match(await user.reset('circuit_breaker', 'cooldown_minutes'), { applied: true, total_changes: 1 })
  t.match(await user.loadDefaults('circuit_breaker'), { all_match: true })
  t.match(await user.loadDefaults('modes'), { all_match: true })
  t.match(await user.comparison(), { all_match: true, total_changes: 0 })
  await t.rejects(user.loadDefaults('settings'), TypeError, 'the route means all documents')
})

t.test('settings as they were', async t => {
  const client = openClient(t, gateway, {
    token: SERVICE_TOKEN,
    rememberedAnswers: 1,
    fallback: { memory: true, maxAgeMs: 60_000 },
  })
  const user = client.user('past')
  const before = await user.get('mode.scalp')
  await user.putMode('scalp', { size: { leverage: 3 } })
  const now = await user.decisionSettings()
  const past = await user.get('mode.scalp', { version: 1 })
  t.match(past, { etag: before.etag, unchanged: false, unverified: false })
  t.equal(past.cacheStatus, 'settings-gateway; fwd=bypass; detail=history')
  t.strictSame(past.value, before.value)
  t.throws(() => Object.assign(past.value.data, { enabled: false }), TypeError, 'it is frozen')
  const at = new Date(now.value.modes.scalp.updated_at)
  t.equal((await user.get('mode.scalp', { at })).value.data.size.leverage, 3)
  t.equal((await user.mode('scalp', { at })).value.version, 2)
  t.equal((await user.modes({ at })).value.scalp.version, 2)
  t.equal((await user.safetySettings({ at: at.toISOString() })).value.scalp.version, 1)
  const one = await user.decisionSettings({ mode: 'scalp', at: `${at.toISOString().slice(0, -1)}+00:00` })
  t.strictSame(one.value.modes, { scalp: now.value.modes.scalp })
  t.equal((await user.decisionSettings()).unchanged, true, 'what is polled stays remembered')
  await t.rejects(user.get('mode.scalp', { version: 9 }), {
    name: 'NotFoundError',
    code: 'VERSION_NOT_FOUND',
  })
  await t.rejects(user.get('mode.scalp', { at: 'yesterday' }), {
    name: 'InvalidRequestError',
    errors: [{ path: 'querystring.at' }],
  })
  await t.rejects(user.get('mode.scalp', { version: 1.5 }), { errors: [{ path: 'querystring.version' }] })
  await t.rejects(user.get('mode.scalp', { at: new Date(Number.NaN) }), TypeError)
  // @ts-expect-error: one or the other
  await t.rejects(user.get('mode.scalp', { version: 1, at }), { errors: [{ path: 'querystring.at' }] })
})

t.test('order numbers', async t => {
  const user = connect(t).user('7')
  t.match(await user.nextSequence(), { sequence: 1, first: 1, last: 1 })
  t.match(await user.nextSequence({ count: 3 }), { first: 2, last: 4 })
  const once = await user.nextSequence({ idempotencyKey: 'order-1' })
  t.strictSame(await user.nextSequence({ idempotencyKey: 'order-1' }), once)
  t.equal((await user.lastSequence()).sequence, once.last)
})

t.test('the exchange cache', async t => {
  const { exchange } = connect(t).user('8')
  t.equal(await exchange.get('positions'), undefined)
  await exchange.put('positions', [{ symbol: 'BTCUSDT' }])
  t.strictSame(await exchange.get('positions'), [{ symbol: 'BTCUSDT' }])
  t.equal(await exchange.get('orders'), undefined)
  await exchange.delete('positions')
  t.equal(await exchange.get('positions'), undefined)
})

t.test('users and health', async t => {
  const client = connect(t)
  t.equal(await client.createUser('9'), true)
  t.equal(await client.createUser('9'), false)
  t.match(await client.health(), { status: /healthy|degraded/, services: { database: { status: 'up' } } })
})

t.test('changes are heard of, from the gateway itself', async t => {
  const user = connect(t).user('12')
  await user.get('settings')
  const open = Promise.withResolvers<void>()
  const changes = user.watch({ onConnection: () => open.resolve() })
  const first = changes.next()
  await open.promise
  await user.putMode('scalp', { size: { leverage: 7 } })
  const { value: heard } = await first
  t.match(heard, { type: 'change', document: 'mode.scalp', version: 2 })
  await changes.return()
  await user.putMode('scalp', { size: { leverage: 8 } })
  const resumed = user.watch({ lastEventId: heard!.id })
  t.match((await resumed.next()).value, { type: 'change', document: 'mode.scalp', version: 3 })
  await resumed.return()
})

t.test('the person behind a service is in the history', async t => {
  const user = connect(t).user('13', { actor: 'alice' })
  await user.put('llm_config', { enabled: false })
  t.equal((await user.history('llm_config'))[0]!.updated_by, 'service:bot/alice')
})

t.test('integers beyond 2^53 - 1 come back from the exchange cache', async t => {
  const { exchange } = connect(t).user('14')
  await exchange.put('orders', [{ orderId: 8389765612825190229n }])
  t.strictSame(await exchange.get('orders'), [{ orderId: 8389765612825190229n }])
})

t.test('admins', async t => {
  const token = bearer('1', 'admin').authorization.slice('Bearer '.length)
  const { admin } = connect(t, token)
  const { value, etag } = await admin.defaults()
  t.equal(value.version, 1)
  const patch = { global_trading: { max_usd_allocation: 777 } }
  t.match(await admin.previewDefaults(patch), { applied: false, total_changes: 1 })
  t.equal((await admin.putDefaults(patch, { ifMatch: etag })).version, 2)
  await t.rejects(admin.putDefaults({}, { ifMatch: 1 }), VersionMismatchError)
  t.match(await admin.syncDefaults(), { changed: true, version: 3 })
  t.strictSame((await admin.defaults({ version: 1 })).value, value)
  await connect(t).user('15').put('llm_config', { enabled: false })
  t.match(await admin.syncDefaults({ userId: '15' }), { changed: true, version: 4 })
  t.ok((await admin.warmCache('15')) > 0)
  t.match(await admin.inspectCache('15'), { user_id: '15', redis: 'up' })
  await admin.deleteUser('15')
  await t.rejects(admin.deleteUser('15'), { code: 'USER_NOT_FOUND' })
  const first = await admin.audit({ userId: '15', limit: 5 })
  t.match(first.entries[0], { user_id: '15', updated_by: 'admin:1', reason: 'delete', changes: [] })
  const rest = await admin.audit({ userId: '15', cursor: first.next! })
  t.equal(first.entries.length + rest.entries.length, 13)
  t.equal(rest.next, null)
  const none = { updatedBy: 'admin:1', reason: 'delete', from: new Date(0), until: new Date(1) }
  t.strictSame(await admin.audit(none), { entries: [], next: null })
  await t.rejects(admin.audit({ from: 'x' }), { errors: [{ path: 'querystring.from' }] })
  await t.rejects(connect(t).admin.defaults(), { code: 'FORBIDDEN' })
})

t.test('later, and many users', async t => {
  const token = bearer('1', 'admin').authorization.slice('Bearer '.length)
  const { admin } = connect(t, token)
  const user = connect(t).user('16', { actor: 'alice' })
  const at = new Date(Date.now() + 3_600_000)
  const planned = await user.schedule('mode.scalp', { at, data: { size: { leverage: 4 } }, note: 'news' })
  t.match(planned, {
    state: 'waiting',
    at: at.toISOString(),
    created_by: 'service:bot/alice',
    changes: [{ path: 'size.leverage' }],
  })
  const soon = { at: new Date(), until: at.toISOString(), data: { size: { leverage: 6 } } }
  await t.rejects(user.schedule('mode.scalp', soon, { ifMatch: 7 }), VersionMismatchError)
  const { id } = await user.schedule('mode.scalp', soon)
  await eventually('it has taken effect', async () => {
    const found = (await user.schedules()).find(each => each.id === id)
    return found?.state === 'active' && found.version === 2
  })
  await user.cancelSchedule(planned.id)
  await t.rejects(user.cancelSchedule(planned.id), { code: 'SCHEDULE_NOT_FOUND' })

  const change = {
    document: 'mode.scalp',
    data: { size: { leverage: 5 } },
    where: ['mode.scalp:size.leverage=6'],
    reason: 'a test',
  } as const
  const { report, etag } = await admin.bulk.preview(change)
  t.match(report, { users: 1, changing: 1, changes: [{ path: 'size.leverage', new: 5 }] })
  const bulk = await admin.bulk.start(change, { ifMatch: etag })
  await eventually('all are changed', async () => (await admin.bulk.get(bulk.id)).state === 'done')
  t.match(await admin.bulk.get(bulk.id), { done: 1, refused: [] })
  await t.rejects(admin.bulk.cancel(bulk.id), { code: 'CONFLICT' })
  const back = await admin.bulk.revert(bulk.id)
  await eventually('it is taken back', async () => (await admin.bulk.get(back.id)).state === 'done')
  t.equal((await user.mode('scalp')).value.data.size.leverage, 6)
  t.strictSame(
    (await admin.bulk.list()).map(each => each.id),
    [back.id, bulk.id],
  )
  t.match(await admin.instances(), { source: 'database', instances: [{ self: true, alive: true }] })
})

t.test('the last known settings, when the gateway itself ends', async t => {
  const other = await startGateway(t, { DATABASE_URL: await createDatabase(t) })
  const client = openClient(t, other, {
    token: SERVICE_TOKEN,
    fallback: { memory: true, maxAgeMs: 60_000 },
  })
  const fresh = await client.user('42').decisionSettings()
  await other.close()
  const known = await client.user('42').decisionSettings()
  t.match(known, { unverified: true, ageMs: Number })
  t.equal(known.value, fresh.value)
  await t.rejects(client.user('42').nextSequence({ idempotencyKey: 'a' }))
})
