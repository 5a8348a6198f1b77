import t from 'tap'
import { eventually, PATIENT, startStack, type TestGateway } from '../helper/gateway.ts'
import { ask } from '../helper/request.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const BULK = '/api/admin/bulk-changes'

let gateway: TestGateway
const leverage = (value: number) => ({ size: { leverage: value } })
const admin = (method: 'GET' | 'POST', url: string, payload?: object, headers: Record<string, string> = {}) =>
  ask(gateway.url, {
    method,
    url,
    headers: { ...ADMIN, ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
const start = async (request: object, headers: Record<string, string> = {}) => {
  const answer = await admin('POST', BULK, { document: 'mode.scalp', reason: 'a test', ...request }, headers)
  t.equal(answer.statusCode, 202, answer.body)
  return answer.json().id as string
}
const find = async (id: string) => (await admin('GET', `${BULK}/${id}`)).json()
const ended = async (id: string) => {
  await eventually(`${id} has ended`, async () => (await find(id)).state !== 'running')
  return find(id)
}
const put = (userId: string, payload: object) => gateway.as(userId, { method: 'PUT', url: SCALP, payload })
const read = async (userId: string) => (await gateway.as(userId, { url: SCALP })).json()
const leverageOf = async (userId: string) => (await read(userId)).data.size.leverage
const users = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
/** Without it, a bulk change of one test meets the users of the others. */
const only = (prefix: string) => `settings:preferences.group=${prefix}`
async function create(prefix: string, count: number): Promise<readonly string[]> {
  const ids = users(prefix, count)
  await Promise.all(
    ids.map(async userId => {
      await gateway.as(userId, {
        method: 'PUT',
        url: '/api/user/settings',
        payload: { preferences: { group: prefix } },
      })
    }),
  )
  return ids
}

t.before(async () => {
  gateway = (await startStack(t, PATIENT)).gateway
})

t.test('changes the users who fit, each once, and can be taken back', async t => {
  const ids = await create('a', 40)
  await put('a1', leverage(3))
  await put('a2', leverage(20))
  const request = {
    data: leverage(3),
    where: [only('a'), 'mode.scalp:size.leverage<15'],
    reason: 'calm down',
  }
  const preview = await admin('POST', `${BULK}?dry_run=true`, { document: 'mode.scalp', ...request })
  t.match(preview.json(), {
    applied: false,
    users: 39,
    changing: 38,
    changes: [{ document: 'mode.scalp', path: 'size.leverage', new: 3, users: 38, risk: /high|medium|low/ }],
  })
  t.equal(await leverageOf('a0'), 10, 'nothing is written')
  const id = await start(request)
  const bulk = await ended(id)
  t.match(bulk, {
    state: 'done',
    total: 39,
    done: 39,
    unchanged: 1,
    refused_total: 0,
    refused: [],
    eta_ms: 0,
  })
  t.match(bulk, { document: 'mode.scalp', data: leverage(3), reason: 'calm down', created_by: /^admin:/ })
  for (const userId of ids) t.equal(await leverageOf(userId), userId === 'a2' ? 20 : 3)
  const [line] = (await gateway.as('a0', { url: `${SCALP}/history` })).json()
  t.match(line, { version: 2, reason: 'bulk', updated_by: bulk.created_by, changes: [{ from: 10, to: 3 }] })
  await put('a3', leverage(7))
  await put('a4', { confidence: { min_confidence: 55 } })
  const back = await admin('POST', `${BULK}/${id}/revert`)
  t.match(back.json(), { reverts: id })
  t.match(await ended(back.json().id), { state: 'done', total: 38, done: 38, unchanged: 1 })
  t.equal(await leverageOf('a0'), 10)
  t.equal(await leverageOf('a1'), 3, 'it had the value before')
  t.equal(await leverageOf('a3'), 7, 'changed since')
  t.match(await read('a4'), { data: { ...leverage(10), confidence: { min_confidence: 55 } } })
  t.match((await admin('GET', BULK)).json().bulk_changes, [{ id: back.json().id }, { id }])
})

t.test('a field that came into an empty object is taken back from it', async t => {
  const url = '/api/user/settings'
  const putSettings = (payload: object) => gateway.as('empty', { method: 'PUT', url, payload })
  await putSettings({ trading: { max_usd_allocation: 4_321 } })
  const preferences = async () => (await gateway.as('empty', { url })).json().data.preferences
  t.strictSame(await preferences(), {})
  const id = await start({
    document: 'settings',
    data: { preferences: { banner: 'on' } },
    where: ['settings:trading.max_usd_allocation=4321'],
    reason: 'banner',
  })
  t.match(await ended(id), { state: 'done', total: 1 })
  await putSettings({ preferences: { other: 1 } })
  const back = await admin('POST', `${BULK}/${id}/revert`)
  t.match(await ended(back.json().id), { state: 'done', total: 1, unchanged: 0 })
  t.strictSame(await preferences(), { other: 1 })
})

t.test('a user whose document would break a rule is refused, and stops no other', async t => {
  const ids = await create('b', 3)
  const { pool } = gateway.services
  // A limit of a field that another one must not pass: only a user's own document tells.
  const { body } = await put('b1', { size: { leverage: 900 } })
  t.match(JSON.parse(body), { code: 'VALIDATION_FAILED' })
  await gateway.services.users.deleteUser('admin:7', 'b1')
  await pool.query(
    `INSERT INTO bulk_changes (id, kind, data, conditions, reason, created_by, listed, total, started_at)
     VALUES ('by-hand', 'mode.scalp', '{"size":{"leverage":4}}', '[]', 'x', 'admin:7', false, 0, now())`,
  )
  await pool.query(`INSERT INTO bulk_users (bulk_id, user_id) SELECT 'by-hand', unnest($1::text[])`, [ids])
  await pool.query(`UPDATE bulk_changes SET listed = true, total = 3 WHERE id = 'by-hand'`)
  t.match(await ended('by-hand'), {
    state: 'done',
    done: 2,
    refused_total: 1,
    refused: [{ user_id: 'b1', errors: [{ message: /b1 does not exist/ }] }],
  })
})

t.test('with the tag of a dry run, users who were changed since are refused', async t => {
  await create('c', 3)
  const request = { document: 'mode.scalp', data: leverage(4), where: [only('c')], reason: 'x' }
  const { etag } = (await admin('POST', `${BULK}?dry_run=true`, request)).headers
  await put('c1', { confidence: { min_confidence: 55 } })
  const bulk = await ended(await start(request, { 'if-match': etag as string }))
  t.match(bulk, {
    total: 3,
    done: 2,
    refused_total: 1,
    refused: [{ user_id: 'c1', errors: [{ message: /If-Match/ }] }],
  })
  t.equal(await leverageOf('c1'), 10)
  t.equal((await admin('POST', BULK, request, { 'if-match': '"3.9"' })).statusCode, 412)
})

t.test('cancelled: no further user is changed', async t => {
  const { pool } = gateway.services
  const ids = await create('d', 2)
  // The document's lock is held, so that the write of one user waits.
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock(document_lock_key($1, $2))', ['d0', 'mode.scalp'])
  const id = await start({ data: leverage(4), where: [only('d')] })
  await eventually('d1 is changed', async () => (await leverageOf('d1')) === 4)
  const cancelled = await admin('POST', `${BULK}/${id}/cancel`)
  await client.query('COMMIT')
  client.release()
  t.match(cancelled.json(), { state: 'cancelled', total: 2, done: 1 })
  t.equal((await admin('POST', `${BULK}/${id}/cancel`)).statusCode, 409)
  // Whatever was under way is refused by the database.
  await t.rejects(
    pool.query(
      `INSERT INTO document_history SELECT user_id, kind, version + 100, data, updated_at, updated_by, $1, changes
       FROM document_history WHERE user_id = 'd0' AND kind = 'mode.scalp' LIMIT 1`,
      [`bulk:${id}`],
    ),
    { code: 'SG001' },
  )
  t.equal(await leverageOf(ids[0]!), 10)
})

t.test('deleted and created again meanwhile: another user', async t => {
  const { pool, users: service } = gateway.services
  await create('e', 2)
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock(document_lock_key($1, $2))', ['e0', 'mode.scalp'])
  const id = await start({ data: leverage(4), where: [only('e')] })
  await eventually('all are listed', async () => (await find(id)).listed)
  // The deletion waits for the lock as well; whichever comes first, the new user keeps the defaults.
  const deleted = service.deleteUser('admin:7', 'e0')
  await client.query('COMMIT')
  client.release()
  await deleted
  await gateway.as('e0', { url: SCALP })
  t.equal((await ended(id)).total, 2)
  t.equal(await leverageOf('e0'), 10)
  t.equal(await leverageOf('e1'), 4)
})

t.test('what is not valid, and who may', async t => {
  const request = { document: 'mode.scalp', data: leverage(4), reason: 'x' }
  const refused = async (change: object, path: string) => {
    t.match((await admin('POST', BULK, { ...request, ...change })).json(), {
      status: 400,
      errors: [{ path }],
    })
  }
  await refused({ document: 'mode.scalpel' }, 'document')
  const misspelt = await admin('POST', BULK, { ...request, document: 'mode.scalpel' })
  t.match(misspelt.json().errors, [{ message: 'unknown document mode.scalpel, did you mean mode.scalp?' }])
  await refused({ data: leverage(9_000) }, 'data.size.leverage')
  await refused({ data: { sise: 1 } }, 'data.sise')
  await refused({ data: {} }, 'data')
  await refused({ where: ['leverage is high'] }, 'where')
  // With != they would be conditions that every user fits.
  await refused({ where: ['mode.scalp:size.levrage!=3'] }, 'where')
  await refused({ where: ['mode.scalp:size!=3'] }, 'where')
  await refused({ where: ['mode.scalp:size.leverage!=abc'] }, 'where')
  await refused({ reason: '' }, 'reason')
  await refused({ reason: 'a\0b' }, 'reason')
  await refused({ where: ['mode.scalp:size.leverage=a\0b'] }, 'where')
  await refused({ where: [String.raw`mode.scalp:size.leverage="\ud800"`] }, 'where')
  t.equal((await admin('GET', `${BULK}/%00`)).json().code, 'BULK_CHANGE_NOT_FOUND')
  t.equal((await gateway.as('a0', { method: 'POST', url: BULK, payload: request })).statusCode, 403)
  t.equal((await admin('GET', `${BULK}/nothing`)).json().code, 'BULK_CHANGE_NOT_FOUND')
  t.equal((await admin('POST', `${BULK}/nothing/cancel`)).json().code, 'BULK_CHANGE_NOT_FOUND')
})

t.test('what every user would be refused for is refused at once, by the dry run as well', async t => {
  for (const [document, data, path, message] of [
    ['settings', { trading: { timezone: 'BST' } }, 'data.trading.timezone', /Europe\/London/],
    ['settings', { preferences: { _note: 1 } }, 'data.preferences._note', /must not begin with _/],
    [
      'capital_allocation',
      { ultra_fast_percent: 90, scalp_percent: 20, swing_percent: 20, position_percent: 20 },
      'data',
      /must sum to 100/,
    ],
    [
      'mode.scalp',
      { confidence: { min_confidence: 80, high_confidence: 60 } },
      'data.confidence.min_confidence',
      /must be <= confidence\.high_confidence/,
    ],
  ] as const)
    for (const url of [BULK, `${BULK}?dry_run=true`]) {
      const answer = await admin('POST', url, { document, data, reason: 'x' })
      t.match(answer.json(), { status: 400, errors: [{ path, message }] }, `${url} ${JSON.stringify(data)}`)
    }
  // Only a user's own document tells.
  const alone = { document: 'mode.scalp', data: { confidence: { min_confidence: 99 } }, reason: 'x' }
  t.equal((await admin('POST', `${BULK}?dry_run=true`, alone)).statusCode, 200)
})

t.test('the retention removes those that ended long ago', async t => {
  const { pool, retention } = gateway.services
  await pool.query(`UPDATE bulk_changes SET ended_at = now() - interval '31 days'`)
  for (let round = 0; round < 10; round++) await retention.round()
  t.strictSame((await admin('GET', BULK)).json(), { bulk_changes: [] })
  t.equal((await pool.query('SELECT count(*)::int AS count FROM bulk_users')).rows[0].count, 0)
})
