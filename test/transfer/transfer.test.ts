import t from 'tap'
import { onServer } from '../helper/backends.ts'
import { eventually, SHORT_LEASE, startStack, type TestGateway } from '../helper/gateway.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'

const NDJSON = 'application/x-ndjson'

interface Outcome {
  readonly line: number
  readonly user_id: string | null
  readonly status: string
  readonly changes: number
  readonly errors?: readonly { path: string; message: string }[]
  readonly done?: boolean
}

function send(gateway: TestGateway, lines: readonly (object | string)[], query = '') {
  return gateway.app.inject({
    method: 'POST',
    url: `/api/admin/import${query}`,
    headers: { ...ADMIN, 'content-type': NDJSON },
    payload: lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  })
}

async function importInto(
  gateway: TestGateway,
  lines: readonly (object | string)[],
  query = '',
): Promise<Outcome[]> {
  const reply = await send(gateway, lines, query)
  if (reply.statusCode !== 200) throw new Error(reply.body)
  return reply.body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

async function exported(gateway: TestGateway, query = '') {
  const reply = await gateway.app.inject({ url: `/api/admin/export${query}`, headers: ADMIN })
  if (reply.statusCode !== 200) throw new Error(reply.body)
  const lines = reply.body.split('\n').filter(line => line !== '')
  return lines.map(
    line => JSON.parse(line) as { user_id: string; documents: Record<string, object>; sequence: object },
  )
}

const scalp = (gateway: TestGateway, user: string) =>
  gateway
    .as(user, { url: '/api/futures/ginie/modes/scalp' })
    .then(reply => reply.json<{ version: number; data: Record<string, never> }>())

t.test('what one gateway exports another one imports, and a second time nothing changes', async t => {
  const [{ gateway: from }, { gateway: to }] = await Promise.all([
    startStack(t, SHORT_LEASE),
    startStack(t, SHORT_LEASE),
  ])
  for (const user of ['1', '2', 'B', 'a']) await from.as(user, { url: '/api/user/settings' })
  await from.as('2', {
    method: 'PUT',
    url: '/api/futures/ginie/modes/scalp',
    payload: { size: { leverage: 25 } },
  })
  const drawn = await from.as('2', { method: 'POST', url: '/api/user/sequence', payload: { count: 42 } })
  const { date } = drawn.json<{ date: string }>()

  const lines = await exported(from)
  t.strictSame(
    lines.map(line => line.user_id),
    ['1', '2', 'B', 'a'],
    'by bytes, as the cursor compares them',
  )
  t.strictSame(lines[1]!.sequence, { [date]: 42 })
  t.equal(Object.keys(lines[1]!.documents).length, 13)
  t.strictSame(
    (await exported(from, '?user_id=2')).map(line => line.user_id),
    ['2'],
  )

  const dry = await importInto(to, lines, '?dry_run=true')
  t.strictSame(dry.map(({ status }) => status).slice(0, 4), Array(4).fill('created'))
  t.strictSame(await exported(to), [], 'a dry run writes nothing')
  const outcomes = await importInto(to, lines)
  t.match(outcomes.at(-1), { done: true, created: 4, updated: 0, unchanged: 0, refused: 0 })
  t.match(outcomes[1], { line: 2, user_id: '2', status: 'created', changes: 2 })
  t.strictSame(
    (await exported(to)).map(({ documents }) => documents),
    lines.map(({ documents }) => documents),
  )
  const next = await to.as('2', { method: 'POST', url: '/api/user/sequence' })
  t.ok(next.json<{ first: number }>().first > 42, 'the counter was raised')
  const history = await to.as('2', { url: '/api/futures/ginie/modes/scalp/history' })
  t.match(history.json(), [{ reason: 'import', updated_by: 'admin:7' }])
  const again = await importInto(to, lines)
  t.match(again.at(-1), { done: true, created: 0, updated: 0, unchanged: 4, refused: 0 })
})

t.test('merge, replace, and lines that are refused', async t => {
  const { gateway } = await startStack(t, SHORT_LEASE)
  await gateway.as('1', { method: 'PUT', url: '/api/futures/ginie/modes/scalp', payload: { enabled: false } })
  const line = (user_id: string, data: object) => ({ user_id, documents: { 'mode.scalp': data } })
  const outcomes = await importInto(gateway, [
    line('1', { size: { leverage: 30 } }),
    line('2', { size: { leverage: 300 }, confidence: { min_confidense: 5 } }),
    '{"user_id":"3","documents":{"mode.turbo":{}}}',
    'no json',
    '',
    '{"user_id":"4","user_id":"5"}',
    '{"user_id":"no user id!"}',
    '{"user_id":"6","documents":{"capital_allocation":{"ultra_fast_percent":25,"ultra_percent":25}}}',
    '{"user_id":"7","sequence":{"20260231":5,"20260106":-1}}',
    line('8', {}),
    ' \t\r',
    '',
  ])
  t.strictSame(
    outcomes.map(({ line, status }) => [line, status]),
    [
      [1, 'updated'],
      [2, 'refused'],
      [3, 'refused'],
      [4, 'refused'],
      [6, 'refused'],
      [7, 'refused'],
      [8, 'refused'],
      [9, 'refused'],
      [10, 'created'],
      [undefined, undefined],
    ],
  )
  const errorsOf = (index: number) => outcomes[index]!.errors!.map(({ path }) => path)
  t.strictSame(errorsOf(1).sort(), [
    'documents.mode\\.scalp.confidence.min_confidense',
    'documents.mode\\.scalp.size.leverage',
  ])
  t.match(outcomes[2]!.errors, [{ message: /did you mean/ }])
  t.match(outcomes[3]!.errors, [{ message: /not JSON/ }])
  t.strictSame(errorsOf(4), ['user_id'])
  t.strictSame(errorsOf(7), ['sequence.20260106', 'sequence.20260231'])
  t.match(await scalp(gateway, '1'), { version: 3, data: { enabled: false, size: { leverage: 30 } } })
  const users = await gateway.app.inject({ url: '/api/admin/users', headers: ADMIN })
  t.strictSame(
    users.json<{ users: { user_id: string }[] }>().users.map(({ user_id }) => user_id),
    ['1', '8'],
    'lines that are refused create nobody',
  )

  await importInto(gateway, [line('1', { size: { leverage: 20 } })], '?mode=replace')
  t.match(await scalp(gateway, '1'), { version: 4, data: { enabled: true, size: { leverage: 20 } } })
})

t.test('a stored value that is no longer allowed is no fault of a line that does not touch it', async t => {
  const { gateway } = await startStack(t, SHORT_LEASE)
  await gateway.as('1', { url: '/api/user/settings' })
  await onServer(gateway.databaseUrl, client =>
    client.query(`UPDATE documents SET data = jsonb_set(data, '{size,leverage}', '500')
                  WHERE user_id = '1' AND kind = 'mode.scalp'`),
  )
  const again = await importInto(gateway, await exported(gateway))
  t.match(again, [{ user_id: '1', status: 'unchanged' }, { done: true }])
  const line = (size: object) => ({ user_id: '1', documents: { 'mode.scalp': { size } } })
  t.match(await importInto(gateway, [line({ max_positions: 7 }), line({ leverage: 501 })]), [
    { status: 'updated', changes: 1 },
    { status: 'refused' },
    { done: true },
  ])
})

t.test('the list of users: by the beginning of the id, by value, page by page', async t => {
  const { gateway } = await startStack(t, SHORT_LEASE)
  for (const [index, user] of ['a1', 'a2', 'a3', 'b1'].entries())
    await gateway.as(user, {
      method: 'PUT',
      url: '/api/futures/ginie/modes/scalp',
      payload: { size: { leverage: 10 + index } },
    })
  const list = (query: string, headers = ADMIN) =>
    gateway.app.inject({ url: `/api/admin/users${query}`, headers })
  const idsOf = async (query: string) =>
    (await list(query)).json<{ users: { user_id: string }[] }>().users.map(({ user_id }) => user_id)

  t.strictSame(await idsOf(''), ['a1', 'a2', 'a3', 'b1'])
  t.strictSame(await idsOf('?q=a'), ['a1', 'a2', 'a3'])
  t.strictSame(await idsOf(`?where=${encodeURIComponent('mode.scalp:size.leverage>11')}`), ['a3', 'b1'])
  const two = ['mode.scalp:size.leverage>=11', 'mode.scalp:size.leverage!=13'].map(encodeURIComponent)
  t.strictSame(await idsOf(`?where=${two[0]}&where=${two[1]}`), ['a2', 'a3'])
  t.strictSame(await idsOf(`?where=${encodeURIComponent('settings:trading.risk_level=moderate')}&q=b`), [
    'b1',
  ])
  t.strictSame(
    await idsOf(`?where=${encodeURIComponent('capital_allocation:ultra_fast_percent>=0')}&q=a`),
    ['a1', 'a2', 'a3'],
    'the name that the bot has',
  )
  const first = (await list('?limit=3')).json<{
    next: string
    users: { documents: number; created_at: string }[]
  }>()
  t.match(first.users[0], { documents: 13, created_at: /^\d{4}-\d\d-\d\dT.*Z$/ })
  t.strictSame(await idsOf(`?limit=3&cursor=${first.next}`), ['b1'])
  t.equal((await list(`?limit=3&cursor=${first.next}`)).json<{ next: string | null }>().next, null)

  for (const [query, message] of [
    ['?where=leverage', /mode\.scalp:size\.leverage>10/],
    ['?where=mode.skalp:size.leverage=1', /did you mean mode\.scalp/],
    ['?where=mode.scalp:size.levrage!%3D1', /did you mean size\.leverage\?/],
    ['?where=settings:trading.risk_level>5', /must be string, is 5/],
    ['?where=mode.scalp:size>5', /is a section/],
    ['?cursor=%25', /next/],
    ['?limit=0', /limit/],
  ] as const) {
    const reply = await list(query)
    t.equal(reply.statusCode, 400, query)
    t.match(reply.body, message, query)
    t.match(reply.json(), { errors: [{ path: /^querystring[./]/ }] }, query)
    t.notMatch(reply.json().detail, /body/, query)
  }
  t.equal((await list('', bearer('1'))).statusCode, 403)
  t.equal((await gateway.as('1', { url: '/api/admin/users' })).statusCode, 200, 'a service may find users')
  t.equal((await gateway.as('1', { url: '/api/admin/export' })).statusCode, 403)
})

t.test('what an import creates enters the cache with its first read, what it changes at once', async t => {
  const { gateway } = await startStack(t)
  const store = (leverage: number) =>
    importInto(gateway, [{ user_id: 'cold', documents: { 'mode.scalp': { size: { leverage } } } }])
  const read = async () => {
    const reply = await gateway.as('cold', { url: '/api/futures/ginie/modes/scalp' })
    return [reply.json().data.size.leverage, reply.headers['cache-status']]
  }
  await store(3)
  t.match(await read(), [3, /fwd=miss/])
  await eventually('it is filled', async () => /hit/.test(String((await read())[1])))
  await store(4)
  t.match(await read(), [4, /hit/])
})
