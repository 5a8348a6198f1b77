import t from 'tap'
import { Availability } from '../../src/store/availability.ts'
import { PostgresJobs } from '../../src/store/postgres-jobs.ts'
import { eventually, PATIENT, startStack, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const LIST = '/api/user/settings/schedule'
const HOUR_MS = 3_600_000

let gateway: TestGateway
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()
const leverage = (value: number) => ({ size: { leverage: value } })
const post = (userId: string, payload: object, headers: Record<string, string> = {}, url = SCALP) =>
  gateway.as(userId, { method: 'POST', url: `${url}/schedule`, payload, headers })
const put = (userId: string, payload: object) => gateway.as(userId, { method: 'PUT', url: SCALP, payload })
const read = async (userId: string) => (await gateway.as(userId, { url: SCALP })).json()
const history = async (userId: string) => (await gateway.as(userId, { url: `${SCALP}/history` })).json()
const list = async (userId: string) => (await gateway.as(userId, { url: LIST })).json().schedules
const stateOf = async (userId: string, id: string) =>
  (await list(userId)).find((each: { id: string }) => each.id === id)?.state
const until = (userId: string, id: string, state: string) =>
  eventually(`${id} is ${state}`, async () => (await stateOf(userId, id)) === state)
/** Makes the next step of a schedule due. */
const makeDue = (id: string) =>
  gateway.services.pool.query(`UPDATE schedules SET due_at = clock_timestamp() WHERE id = $1`, [id])

t.before(async () => {
  gateway = (await startStack(t, PATIENT)).gateway
})

t.test('takes effect when it is due, and goes back field by field', async t => {
  await put('1', { size: { leverage: 8 }, confidence: { min_confidence: 40 } })
  const payload = {
    at: inMs(0),
    until: inMs(HOUR_MS),
    data: { size: { leverage: 3 }, confidence: { min_confidence: 70 } },
    note: 'news',
  }
  const created = await post('1', payload, { 'x-actor': 'alice' })
  t.equal(created.statusCode, 201, created.body)
  t.match(created.json(), {
    document: 'mode.scalp',
    state: 'waiting',
    data: payload.data,
    note: 'news',
    created_by: 'service:bot/alice',
    changes: [
      { path: 'confidence.min_confidence', current: 40, new: 70 },
      { path: 'size.leverage', current: 8, new: 3 },
    ],
  })
  const { id } = created.json()
  await until('1', id, 'active')
  t.match(await read('1'), {
    version: 3,
    data: { size: { leverage: 3 }, confidence: { min_confidence: 70 } },
  })
  t.match((await history('1'))[0], { version: 3, reason: 'schedule', updated_by: 'service:bot/alice' })
  await put('1', { confidence: { min_confidence: 50 } })
  await makeDue(id)
  await until('1', id, 'done')
  t.match(await read('1'), {
    version: 5,
    data: { size: { leverage: 8 }, confidence: { min_confidence: 50 } },
  })
  t.match((await history('1'))[0], {
    reason: 'schedule',
    changes: [{ path: 'size.leverage', from: 3, to: 8 }],
  })
  const { body } = await gateway.as('1', { url: '/metrics' })
  t.match(body, /^job_steps_total\{job="schedule",outcome="done"\} 2$/m)
})

t.test('a field that came into an empty object goes back, and what came meanwhile stays', async t => {
  const url = '/api/user/settings'
  const preferences = async () => (await gateway.as('e', { url })).json().data.preferences
  t.strictSame(await preferences(), {})
  const data = { preferences: { banner: 'on' } }
  const created = (await post('e', { at: inMs(0), until: inMs(HOUR_MS), data }, {}, url)).json()
  t.match(created.changes, [{ path: 'preferences.banner', new: 'on' }])
  await until('e', created.id, 'active')
  await gateway.as('e', { method: 'PUT', url, payload: { preferences: { other: 1 } } })
  await makeDue(created.id)
  await until('e', created.id, 'done')
  t.strictSame(await preferences(), { other: 1 })
  const lines = (await gateway.as('e', { url: `${url}/history?limit=3` })).json()
  t.strictSame(
    lines.map(({ changes }: { changes: object }) => changes),
    [
      [{ path: 'preferences.banner', from: 'on' }],
      [{ path: 'preferences.other', to: 1 }],
      [{ path: 'preferences.banner', to: 'on' }],
    ],
  )
})

t.test('a section, and a change that changes nothing', async t => {
  const url = '/api/user/settings/notifications'
  const before = (await gateway.as('2', { url })).json()
  const [name, value] = Object.entries(before.data).find(([, each]) => typeof each === 'boolean')!
  const other = await post('2', { at: inMs(0), data: { [name]: !value } }, {}, url)
  await until('2', other.json().id, 'done')
  t.equal((await gateway.as('2', { url })).json().data[name], !value)
  t.match(other.json(), { document: 'settings', section: 'notifications' })
  const same = await post('2', { at: inMs(0), data: { [name]: !value } }, {}, url)
  await until('2', same.json().id, 'done')
  t.equal((await gateway.as('2', { url })).json().version, 2, 'nothing is written')
})

t.test('checked when it is made', async t => {
  const refused = async (payload: object, match: object) => {
    const answer = await post('3', payload)
    t.match(answer.json(), match)
  }
  const data = leverage(3)
  const at = inMs(HOUR_MS)
  const fault = (path: string) => ({ status: 400, code: 'VALIDATION_FAILED', errors: [{ path }] })
  await refused({ at, data: leverage(9_000) }, fault('size.leverage'))
  await refused({ at, data: { sise: 1 } }, { status: 400, errors: [{ message: /size/ }] })
  await refused({ at, data: 5 }, fault('data'))
  await refused({ at: 'tomorrow', data }, fault('at'))
  await refused({ at: '2026-01-06T12:00:00', data }, fault('at'))
  await refused({ at: '2099-02-31T12:00:00Z', data }, fault('at'))
  await refused({ at: inMs(-120_000), data }, fault('at'))
  await refused({ at: inMs(400 * 24 * HOUR_MS), data }, fault('at'))
  await refused({ at, until: at, data }, fault('until'))
  await refused({ at, data, note: 'a\0b' }, fault('note'))
  await refused({ at, data, when: 1 }, { status: 400 })
  t.strictSame(await list('3'), [])
  const stale = await post('3', { at, data }, { 'if-match': '"7"' })
  t.match(stale.json(), { status: 412, current: { version: 1 } })
  await gateway.services.pool.query(
    `INSERT INTO schedules (id, user_id, kind, data, starts_at, due_at, created_by)
     SELECT 'full-' || i, 'full', 'mode.scalp', '{}', now() + interval '1 day', now() + interval '1 day', 'x'
     FROM generate_series(1, 100) AS i`,
  )
  t.match((await post('full', { at, data })).json(), { status: 409, code: 'CONFLICT' })
})

t.test('refused when it is due: a line in the history, an event, and why in the list', async t => {
  await put('4', leverage(8))
  const { id } = (await post('4', { at: inMs(HOUR_MS), data: leverage(3) }, { 'if-match': '"2"' })).json()
  await put('4', leverage(12))
  await makeDue(id)
  await until('4', id, 'refused')
  t.match(await read('4'), { version: 4, data: leverage(12) })
  t.match((await history('4'))[0], { version: 4, reason: 'schedule-refused', changes: [] })
  const [entry] = await list('4')
  t.match(entry, { id, state: 'refused', errors: [{ message: /version 2/ }] })
  const { body } = await gateway.as('4', { url: '/metrics' })
  t.match(body, /^job_steps_total\{job="schedule",outcome="refused"\} 1$/m)
})

t.test('cancelled: before its start, and between start and end', async t => {
  await put('5', leverage(8))
  const cancel = (id: string, userId = '5') => gateway.as(userId, { method: 'DELETE', url: `${LIST}/${id}` })
  const first = (await post('5', { at: inMs(HOUR_MS), data: leverage(3) })).json()
  t.match((await cancel(first.id, '1')).json(), { status: 404, code: 'SCHEDULE_NOT_FOUND' })
  t.equal((await cancel(first.id)).statusCode, 204)
  t.match((await cancel(first.id)).json(), { status: 404, code: 'SCHEDULE_NOT_FOUND' })
  const second = (await post('5', { at: inMs(0), until: inMs(HOUR_MS), data: leverage(4) })).json()
  await until('5', second.id, 'active')
  t.equal((await cancel(second.id)).statusCode, 204)
  t.match(await read('5'), { version: 3, data: leverage(4) })
  t.strictSame(
    (await list('5')).map(({ state }: { state: string }) => state),
    ['cancelled', 'cancelled'],
  )
})

t.test('ends with its user', async t => {
  const { id } = (await post('6', { at: inMs(HOUR_MS), data: leverage(3) })).json()
  await gateway.services.users.deleteUser('admin:7', '6')
  const { rows } = await gateway.services.pool.query('SELECT state FROM schedules WHERE id = $1', [id])
  t.equal(rows[0].state, 'cancelled')
})

t.test('what fell due is done in order, and a step is done once', async t => {
  await put('7', leverage(8))
  const plan = async (value: number) =>
    (await post('7', { at: inMs(HOUR_MS), data: leverage(value) })).json().id as string
  const ids = [await plan(3), await plan(4), await plan(5)]
  // All at once: the last one planned is due first.
  await gateway.services.pool.query(
    `UPDATE schedules SET due_at = clock_timestamp() - make_interval(secs => array_position($1::text[], id))
     WHERE id = ANY ($1)`,
    [ids],
  )
  for (const id of ids) await until('7', id, 'done')
  const lines = (await history('7')).filter(({ reason }: { reason: string }) => reason === 'schedule')
  t.strictSame(
    lines.map(({ changes }: { changes: { to: number }[] }) => changes[0]!.to),
    [3, 4, 5],
  )
  const again = gateway.services.pool.query(
    `INSERT INTO document_history SELECT user_id, kind, version + 100, data, updated_at, updated_by, $1, changes
     FROM document_history WHERE user_id = '7' AND kind = 'mode.scalp' ORDER BY version DESC LIMIT 1`,
    [`schedule:${ids[0]}:start`],
  )
  await t.rejects(again, { code: 'SG001' })
})

t.test('the retention removes those that ended long ago', async t => {
  const { pool, retention } = gateway.services
  await pool.query(`UPDATE schedules SET ended_at = now() - interval '31 days' WHERE user_id = '5'`)
  await retention.round()
  t.strictSame(await list('5'), [])
  t.not((await list('7')).length, 0)
})

t.test('what is due and is not done is counted with its age', async t => {
  const { pool } = gateway.services
  const jobs = new PostgresJobs(pool, new Availability())
  const { id } = (await post('8', { at: inMs(HOUR_MS), data: leverage(4) })).json()
  t.equal((await jobs.countOpen()).overdueMs, 0)
  await pool.query(
    `UPDATE schedules SET due_at = clock_timestamp() - interval '40 s',
       claimed_until = clock_timestamp() + interval '1 hour' WHERE id = $1`,
    [id],
  )
  const { schedule, overdueMs } = await jobs.countOpen()
  t.ok(schedule > 0)
  t.ok(overdueMs >= 40_000)
  await gateway.as('8', { method: 'DELETE', url: `${LIST}/${id}` })
  t.equal((await jobs.countOpen()).overdueMs, 0)
})
