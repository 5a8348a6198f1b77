import t from 'tap'
import { SERVICE, SHORT_LEASE, startStack } from '../helper/gateway.ts'
import { ask } from '../helper/request.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'
import { pastOf, SCALP } from './past.ts'

const AUDIT = '/api/admin/audit'
const { gateway } = await startStack(t, SHORT_LEASE)
const { pool } = gateway.services
const { leverage, put, admin } = pastOf(gateway)

interface Entry {
  readonly user_id: string
  readonly document: string
  readonly version: number
  readonly updated_at: string
  readonly updated_by: string
  readonly reason: string
}
const nameOf = ({ user_id, document, version }: Entry) => `${user_id} ${document} ${version}`

async function page(query = ''): Promise<{ entries: Entry[]; next: string | null }> {
  const answer = await admin({ url: `${AUDIT}?${query}` })
  t.equal(answer.statusCode, 200, query)
  return answer.json()
}

/** All pages, one behind the other. */
async function pages(query: string, limit: number): Promise<Entry[]> {
  const all: Entry[] = []
  for (let next: string | null | undefined; next !== null; ) {
    const cursor: string = next === undefined ? '' : `&cursor=${next}`
    const found: { entries: Entry[]; next: string | null } = await page(`${query}&limit=${limit}${cursor}`)
    all.push(...found.entries)
    next = found.next
  }
  return all
}

t.before(async () => {
  await leverage('a', 3)
  await gateway.as('b', {
    method: 'PUT',
    url: SCALP,
    headers: { 'x-actor': 'alice' },
    payload: { size: { leverage: 4 } },
  })
  await gateway.as('a', { method: 'POST', url: `${SCALP}/rollback`, payload: { version: 1 } })
  await put('c', '/api/user/settings/trading', { risk_level: 'aggressive' })
  await admin({ method: 'DELETE', url: '/api/users/c' })
  await admin({
    method: 'PUT',
    url: '/api/admin/defaults',
    payload: { global_trading: { max_usd_allocation: 7 } },
  })
  await pool.query(`UPDATE documents SET data = NULL WHERE user_id = 'b' AND kind = 'mode.swing'`)
})

t.test('who, what, of whom, when and why, newest first', async t => {
  const { entries, next } = await page('limit=200')
  t.equal(next, null)
  const { rows } = await pool.query(
    `SELECT (SELECT count(*) FROM document_history)::int + (SELECT count(*) FROM documents WHERE user_id = 'c')::int AS count`,
  )
  t.equal(entries.length, rows[0].count, 'every change, and the deletions of which nothing else is left')
  t.equal(new Set(entries.map(nameOf)).size, entries.length, 'each once')
  const times = entries.map(({ updated_at }) => updated_at)
  t.strictSame(times, times.toSorted().reverse())
  t.match(entries.filter(({ reason }) => reason !== 'provision').slice(0, 2), [
    { user_id: 'b', document: 'mode.swing', version: 2, reason: 'sql', changes: [] },
    {
      user_id: '@admin',
      document: 'defaults',
      version: 2,
      updated_by: 'admin:7',
      reason: 'put',
      changes: [{ path: 'global_trading.max_usd_allocation', to: 7 }],
    },
  ])
})

t.test('by user, caller, reason and time', async t => {
  const names = async (query: string) => (await page(query)).entries.map(nameOf)
  t.strictSame(await names('user_id=a&reason=put'), ['a mode.scalp 2'])
  t.strictSame(await names('user_id=%40admin'), ['@admin defaults 2', '@admin defaults 1'])
  t.strictSame(await names('updated_by=service:bot/alice&reason=put'), ['b mode.scalp 2'])
  t.strictSame(await names('reason=rollback'), ['a mode.scalp 3'])
  t.strictSame(await names('reason=nothing'), [])
  t.strictSame(await names('user_id=nobody'), [])
  const deleted = (await page('user_id=c')).entries
  t.equal(deleted.length, 13)
  t.match(
    new Set(deleted.map(({ reason, updated_by }) => `${reason} ${updated_by}`)),
    new Set(['delete admin:7']),
  )
  const [{ updated_at: at } = { updated_at: '' }] = (await page('reason=rollback')).entries
  const later = new Date(Date.parse(at) + 1).toISOString()
  t.ok((await names(`from=${at}&until=${later}`)).includes('a mode.scalp 3'))
  t.notOk((await names(`until=${at}&limit=200`)).includes('a mode.scalp 3'), 'until is not included')
  t.notOk((await names(`from=${later}&limit=200`)).includes('a mode.scalp 3'))
  t.strictSame(await names(`from=${later}&until=${at}`), [])
})

t.test('page after page: each change once, whatever else is written meanwhile', async t => {
  for (const [query, limit] of [
    ['', 13],
    ['reason=provision', 13],
    ['user_id=a', 1],
    ['user_id=c&reason=delete', 5],
  ] as const) {
    const whole = (await page(`${query}&limit=200`)).entries.map(nameOf)
    t.strictSame((await pages(query, limit)).map(nameOf), whole, query)
  }
  const first = await page('limit=5')
  await leverage('a', 6)
  const second = await page(`limit=5&cursor=${first.next}`)
  const both = [...first.entries, ...second.entries].map(nameOf)
  t.equal(new Set(both).size, 10)
  t.notOk(both.includes('a mode.scalp 4'))
})

t.test('a filter that seldom matches goes on behind an empty page', async t => {
  const scan = (limit: number, reason: string | undefined, after: object | undefined) =>
    gateway.services.audit.list(
      { userId: undefined, updatedBy: undefined, reason, from: undefined, until: undefined },
      limit,
      after as undefined,
    )
  await pool.query(
    `INSERT INTO document_history (user_id, kind, version, updated_at, updated_by, reason, changes)
     SELECT 'many', 'mode.scalp', v, now(), 'test', 'put', '[]' FROM generate_series(1, 50001) v`,
  )
  const first = await scan(5, 'rollback', undefined)
  t.strictSame(first.entries, [])
  t.ok(first.next)
  const second = await page(`reason=rollback&limit=5&cursor=${first.next}`)
  t.strictSame(second.entries.map(nameOf), ['a mode.scalp 3'])
  t.equal(second.next, null)
  t.strictSame((await pages('user_id=many&reason=rollback', 5)).length, 0)
})

t.test('only admins, and no parameter is a fault of ours', async t => {
  for (const [headers, status] of [
    [{}, 401],
    [SERVICE, 403],
    [bearer('a'), 403],
    [ADMIN, 200],
  ] as const)
    t.equal((await ask(gateway.url, { url: AUDIT, headers })).statusCode, status)
  for (const [query, name] of [
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['from=yesterday', 'from'],
    ['until=2026-02-30T00:00:00Z', 'until'],
    ['cursor=x', 'cursor'],
    ['cursor=bnVsbA', 'cursor'],
    [`cursor=${Buffer.from('[1,"a\\u0000","b",1]').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('[1e300,"a","b",1]').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('[1,"a","b",1,2]').toString('base64url')}`, 'cursor'],
    ['updated_by=%00', 'updated_by'],
    ['reason=a%00', 'reason'],
    ['who=a', 'who'],
  ] as const) {
    const answer = await admin({ url: `${AUDIT}?${query}` })
    t.match(answer.json(), { status: 400, errors: [{ path: `querystring.${name}` }] }, query)
    t.notMatch(answer.json().detail, /body/, query)
  }
  t.match((await admin({ url: `${AUDIT}?user_id=-x` })).json(), { status: 400, code: 'INVALID_USER_ID' })
})
