import pg from 'pg'
import t from 'tap'
import { eventually, LONG_LEASE, startGateway, startStack } from '../helper/gateway.ts'
import type { TestRequest } from '../helper/request.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const SETTINGS = '/api/user/settings'
const HIT = 'settings-gateway; hit'

const put = (leverage: number, headers = {}): TestRequest => ({
  method: 'PUT',
  url: SCALP,
  headers,
  payload: { size: { leverage } },
})

/** What finds that nothing has to change, or gives up, on the leverage of an edit by hand; answered with the version found. */
const WRITES: Readonly<
  Record<string, { readonly edited: number; readonly of: (user: string) => TestRequest }>
> = {
  'a PUT of what is there': { edited: 7, of: () => put(7) },
  'the same with If-Match': { edited: 7, of: () => put(7, { 'if-match': '"3"' }) },
  'a PUT with an old If-Match': { edited: 7, of: () => put(8, { 'if-match': '"2"' }) },
  'load-defaults': { edited: 10, of: () => ({ method: 'POST', url: `${SCALP}/load-defaults` }) },
  reset: {
    edited: 10,
    of: () => ({
      method: 'POST',
      url: `${SETTINGS}/reset`,
      payload: { document: 'mode.scalp', path: 'size.leverage' },
    }),
  },
  'an import': {
    edited: 7,
    of: user => ({
      method: 'POST',
      url: '/api/admin/import',
      headers: { ...ADMIN, 'content-type': 'application/x-ndjson' },
      payload: JSON.stringify({ user_id: user, documents: { 'mode.scalp': { size: { leverage: 7 } } } }),
    }),
  },
}

t.test(
  'a write that changes nothing, or is refused, tells no row that other instances do not answer yet',
  async t => {
    const { gateway, redis } = await startStack(t, LONG_LEASE)
    const other = await startGateway(t, {
      ...LONG_LEASE,
      DATABASE_URL: gateway.databaseUrl,
      REDIS_URL: redis.url,
    })
    const cases = Object.entries(WRITES).map(([name, write], i) => ({
      name,
      ...write,
      user: String(100 + i),
    }))
    for (const { user } of cases) {
      const reply = await gateway.as(user, put(5))
      t.equal(reply.json().version, 2)
      for (const each of [gateway, other])
        await eventually('it is a hit', async () => {
          const { headers } = await each.as(user, { url: SCALP })
          return headers['cache-status'] === HIT
        })
    }
    const client = new pg.Client({ connectionString: gateway.databaseUrl })
    await client.connect()
    t.teardown(() => client.end())
    await client.query(
      `UPDATE documents SET data = jsonb_set(data, '{size,leverage}', edited::text::jsonb)
       FROM unnest($1::text[], $2::int[]) AS e (user_id, edited)
       WHERE documents.user_id = e.user_id AND kind = 'mode.scalp'`,
      [cases.map(({ user }) => user), cases.map(({ edited }) => edited)],
    )
    t.equal((await other.as('100', { url: SCALP })).json().version, 2, 'leases run on')
    await Promise.all(
      cases.map(async ({ name, user, edited, of }) => {
        const reply = await gateway.as(user, of(user))
        t.ok([200, 412].includes(reply.statusCode), name)
        for (const each of [gateway, other]) {
          const { version, data } = (await each.as(user, { url: SCALP })).json()
          t.strictSame([version, data.size.leverage], [3, edited], name)
        }
      }),
    )
  },
)
