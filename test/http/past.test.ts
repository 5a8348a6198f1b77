import t from 'tap'
import { SERVICE, startStack } from '../helper/gateway.ts'
import { ask } from '../helper/request.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'
import { DECISION, pastOf, SCALP, SWING } from './past.ts'

const DEFAULTS = '/api/admin/defaults'
const DOCUMENTS = [
  '/api/user/settings',
  '/api/user/settings/trading',
  '/api/user/settings/notifications',
  ...['ultra', 'scalp', 'swing', 'position'].flatMap(mode => [
    `/api/futures/ginie/modes/${mode}`,
    `/api/futures/ginie/safety-settings/${mode}`,
  ]),
  '/api/futures/ginie/scalp-reentry-config',
  '/api/user/global-circuit-breaker',
  '/api/futures/ginie/capital-allocation',
  '/api/futures/ginie/llm-config',
]
const BUNDLES = [
  DECISION,
  `${DECISION}?mode=scalp`,
  '/api/futures/ginie/modes',
  '/api/futures/ginie/safety-settings',
]
const HISTORY = 'settings-gateway; fwd=bypass; detail=history'

const { gateway } = await startStack(t)
const { pool } = gateway.services
const { get, put, leverage, admin, setTime, setCreated } = pastOf(gateway)
const withQuery = (url: string, query: string) => `${url}${url.includes('?') ? '&' : '?'}${query}`

async function countRows(userId: string): Promise<number> {
  const { rows } = await pool.query('SELECT 1 FROM documents WHERE user_id = $1', [userId])
  return rows.length
}

t.test('every document is answered as its GET answered it then', async t => {
  for (const url of DOCUMENTS) {
    const then = await get('42', url)
    for (const query of ['version=1', `at=${then.json().updated_at}`]) {
      const past = await get('42', `${url}?${query}`)
      t.match(past, { statusCode: 200, body: then.body }, `${url}?${query}`)
      const { etag, vary } = then.headers
      t.match(past.headers, { etag, vary, 'cache-status': HISTORY, 'cache-control': 'private, no-cache' })
    }
  }
  const url = `${SCALP}?version=1`
  const { headers } = await get('42', url)
  const head = await gateway.as('42', { method: 'HEAD', url })
  t.match(head, { statusCode: 200, body: '', headers: { etag: '"1"' } })
  t.equal(head.headers['content-length'], headers['content-length'])
  for (const tag of ['"1"', '"9", "1"', '*'])
    t.match(await get('42', url, { 'if-none-match': tag }), { statusCode: 304, body: '' })
  t.equal((await get('42', url, { 'if-none-match': '"2"' })).statusCode, 200)
  for (const url of BUNDLES) {
    const then = await get('42', url)
    const past = await get('42', withQuery(url, `at=${new Date().toISOString()}`))
    t.match(past, { statusCode: 200, body: then.body }, url)
    t.match(past.headers, { etag: then.headers.etag, 'cache-status': HISTORY }, url)
    const known = { 'if-none-match': String(then.headers.etag) }
    t.equal((await get('42', withQuery(url, `at=${new Date().toISOString()}`), known)).statusCode, 304)
  }
})

t.test('what was, after changes, a rollback and a section of its own', async t => {
  const answers = [await get('changed', SCALP)]
  for (const value of [3, 4, 5]) answers.push(await leverage('changed', value))
  answers.push(
    await gateway.as('changed', { method: 'POST', url: `${SCALP}/rollback`, payload: { version: 2 } }),
  )
  for (const [index, { body }] of answers.entries()) {
    const past = await get('changed', `${SCALP}?version=${index + 1}`)
    t.equal(past.body, body, `version ${index + 1}`)
    t.equal(past.headers.etag, `"${index + 1}"`)
  }
  const TRADING = '/api/user/settings/trading'
  const before = await get('changed', TRADING)
  await put('changed', TRADING, { risk_level: 'aggressive' })
  await put('changed', '/api/user/settings/notifications', { email_enabled: true })
  t.equal((await get('changed', `${TRADING}?version=1`)).body, before.body)
  t.match((await get('changed', `${TRADING}?version=3`)).json(), {
    version: 3,
    data: { risk_level: 'aggressive' },
  })
})

t.test('a moment: the newest version that was stored then or before', async t => {
  await leverage('timed', 3)
  await leverage('timed', 4)
  await setCreated('timed', '2026-01-01T00:00:00Z')
  await setTime('timed', 2, '2026-01-06T12:00:00.500Z')
  await setTime('timed', 3, '2026-01-06T12:00:01Z')
  const versionAt = async (at: string) => {
    const answer = await get('timed', `${SCALP}?at=${at}`)
    return answer.statusCode === 200 ? answer.json().version : answer.json().code
  }
  for (const [at, expected] of [
    ['2025-12-31T23:59:59.999Z', 'VERSION_NOT_FOUND'],
    ['0000-01-01T00:00:00Z', 'VERSION_NOT_FOUND'],
    ['2026-01-01T00:00:00Z', 1],
    ['2026-01-06T12:00:00.499999999Z', 1],
    ['2026-01-06T12:00:00.5Z', 2],
    ['2026-01-06t12:00:00.999z', 2],
    ['2026-01-06T12:00:01Z', 3],
    ['2026-01-06T13:00:01%2B01:00', 3],
    ['2026-01-06T08:30:00-03:30', 1],
    [new Date().toISOString(), 3],
  ] as const)
    t.equal(await versionAt(at), expected, at)
  const bundle = await get('timed', `${DECISION}?mode=scalp&at=2026-01-06T12:00:00.7Z`)
  t.match(bundle.json(), { user_id: 'timed', settings: { version: 1 }, modes: { scalp: { version: 2 } } })
  t.strictSame(Object.keys(bundle.json().modes), ['scalp'])
  t.equal((await get('timed', `${DECISION}?at=2025-12-31T00:00:00Z`)).json().code, 'VERSION_NOT_FOUND')
})

t.test('documents that changed together are answered together, at every moment', async t => {
  const LOAD = '/api/futures/ginie/modes/load-defaults'
  const load = () => gateway.as('together', { method: 'POST', url: LOAD })
  for (const value of [3, 5]) {
    await Promise.all([leverage('together', value), put('together', SWING, { size: { leverage: value } })])
    await load()
  }
  const { rows } = await pool.query(
    `SELECT kind, version::int, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, reason
     FROM document_history WHERE user_id = 'together' AND kind IN ('mode.scalp', 'mode.swing') ORDER BY version`,
  )
  const loads = new Set(rows.filter(({ reason }) => reason === 'load-defaults').map(({ at }) => at))
  t.equal(loads.size, 2)
  for (const { at } of rows) {
    const { scalp, swing } = (await get('together', `/api/futures/ginie/modes?at=${at}`)).json()
    const newest = (kind: string) =>
      Math.max(...rows.filter(row => row.kind === kind && row.at <= at).map(({ version }) => version))
    t.strictSame([scalp.version, swing.version], [newest('mode.scalp'), newest('mode.swing')], at)
    if (loads.has(at)) t.strictSame(scalp.updated_at, swing.updated_at)
  }
})

t.test('a parameter that is none is refused by its name', async t => {
  await get('42', SCALP)
  const HUGE = '9'.repeat(400)
  const VERSIONS = [
    '0',
    '-1',
    '01',
    '1.0',
    '1e1',
    '%201',
    '+1',
    '',
    'x',
    '0x1',
    '9007199254740992',
    HUGE,
    '1&version=2',
  ]
  const TIMES = [
    ...[
      '',
      'x',
      'now',
      '0',
      '1767700800',
      '1767700800000',
      '2026-01-06',
      '2026-01-06T12:00Z',
      '2026-01-06T12:00:00',
    ],
    ...['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-01-00T00:00:00Z'],
    ...['2026-01-06T24:00:00Z', '2026-01-06T12:60:00Z', '2026-01-06T12:00:60Z', '2026-01-06T12:00:00.Z'],
    ...[
      '2026-01-06T12:00:00+01:00',
      '2026-01-06T12:00:00%2B24:00',
      '2026-01-06T12:00:00%2B0100',
      '%00',
      '-infinity',
    ],
    ...[
      '2026-01-06 12:00:00Z',
      '2026-01-06T12:00:00.1234567890Z',
      '+012026-01-06T12:00:00Z',
      '2026-01-06T12:00:00Z%0A',
    ],
    ...[
      '９026-01-06T12:00:00Z',
      "2026-01-06T12:00:00Z'--",
      HUGE,
      '2026-01-06T12:00:00Z&at=2026-01-06T12:00:00Z',
    ],
    ...['2999-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', new Date(Date.now() + 3_600_000).toISOString()],
  ]
  const refused = async (url: string, name: string) => {
    const answer = await get('42', url)
    t.equal(answer.statusCode, 400, url)
    t.match(answer.json(), { code: 'VALIDATION_FAILED', errors: [{ path: `querystring.${name}` }] }, url)
  }
  for (const value of VERSIONS) await refused(`${SCALP}?version=${value}`, 'version')
  for (const value of TIMES)
    for (const url of [SCALP, DECISION])
      await refused(`${url}?at=${encodeURI(value).replaceAll('%25', '%')}`, 'at')
  await refused(`${SCALP}?version=1&at=2026-01-06T12:00:00Z`, 'at')
  for (const url of BUNDLES) await refused(withQuery(url, 'version=1'), 'version')
  for (const url of [`${SCALP}/history`, '/api/user/settings/comparison'])
    await refused(`${url}?at=2026-01-06T12:00:00Z`, 'at')
  for (const query of ['version=1', 'at=2026-01-06T12:00:00Z']) {
    const write = await put('42', `${SCALP}?${query}`, { size: { leverage: 7 } })
    t.match(write.json(), { status: 400, errors: [{ path: `querystring.${query.split('=')[0]}` }] })
  }
  t.match((await get('42', `${SCALP}?at=2026-01-06T12:00:00+01:00`)).json().detail, /\+ is sent as %2B/)
  t.match(
    (await get('42', `${SCALP}?at=2999-01-01T00:00:00Z`)).json().detail,
    /not be in the future: it is 20/,
  )
})

t.test('looking creates nobody, and nobody sees what was of another', async t => {
  const now = new Date().toISOString()
  for (const [index, headers] of [SERVICE, ADMIN, bearer('nobody-2')].entries()) {
    const userId = `nobody-${index}`
    for (const url of [
      ...DOCUMENTS.map(each => `${each}?version=1`),
      ...[...DOCUMENTS, ...BUNDLES].map(each => withQuery(each, `at=${now}`)),
    ]) {
      const answer = await ask(gateway.url, { url, headers: { ...headers, 'x-user-id': userId } })
      t.match(answer.json(), { status: 404, code: 'USER_NOT_FOUND' }, `${userId} ${url}`)
    }
    t.equal(await countRows(userId), 0)
  }
  const url = `${SCALP}?version=1`
  for (const [headers, status] of [
    [{}, 401],
    [{ ...bearer('7'), 'x-user-id': '42' }, 403],
    [SERVICE, 400],
    [ADMIN, 400],
    [{ ...ADMIN, 'x-user-id': '42' }, 200],
    [bearer('42'), 200],
  ] as const)
    t.equal((await ask(gateway.url, { url, headers })).statusCode, status)
})

t.test('the defaults have a past too', async t => {
  const before = await admin({ url: DEFAULTS })
  const payload = { global_trading: { max_usd_allocation: 777 } }
  const after = await admin({ method: 'PUT', url: DEFAULTS, payload })
  t.equal(after.json().version, 2)
  for (const query of ['version=1', `at=${before.json().updated_at}`]) {
    const past = await admin({ url: `${DEFAULTS}?${query}` })
    t.match(past, { statusCode: 200, body: before.body }, query)
    t.match(past.headers, { etag: '"1"', 'cache-status': HISTORY })
  }
  t.match((await admin({ url: `${DEFAULTS}?version=2` })).json(), { data: payload })
  t.equal((await admin({ url: `${DEFAULTS}?version=3` })).json().code, 'VERSION_NOT_FOUND')
  t.equal((await admin({ url: `${DEFAULTS}?at=2020-01-01T00:00:00Z` })).json().code, 'VERSION_NOT_FOUND')
  t.equal((await ask(gateway.url, { url: `${DEFAULTS}?version=1`, headers: bearer('42') })).statusCode, 403)
  t.equal((await get('42', `${DEFAULTS}?version=1`)).statusCode, 403)
})
