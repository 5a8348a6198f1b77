import t from 'tap'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const NO_ID = '00000000-0000-4000-8000-000000000000'
const { gateway } = await startStack(t)

/** Every write that takes no body, with what it answers when it is carried out. */
const WRITES = [
  ['POST', `${SCALP}/load-defaults`, 200],
  ['POST', '/api/user/settings/trading/load-defaults', 200],
  ['POST', '/api/futures/ginie/modes/load-defaults', 200],
  ['POST', '/api/user/settings/load-defaults', 200],
  ['DELETE', '/api/binance/positions', 204],
  ['DELETE', '/api/binance/orders', 204],
  ['DELETE', `/api/user/settings/schedule/${NO_ID}`, 404],
  ['POST', '/api/admin/cache/42/warm', 200],
  ['POST', `/api/admin/bulk-changes/${NO_ID}/cancel`, 404],
  ['POST', `/api/admin/bulk-changes/${NO_ID}/revert`, 404],
  ['DELETE', '/api/users/42', 204],
] as const

function send([method, url]: (typeof WRITES)[number], payload: string | undefined) {
  const type = payload === undefined ? {} : { 'content-type': 'application/json' }
  const headers = { ...type, ...(/admin|users/.test(url) ? ADMIN : {}) }
  return gateway.as('42', { method, url, headers, ...(payload === undefined ? {} : { payload }) })
}

const leverage = async () => (await gateway.as('42', { url: SCALP })).json().data.size.leverage

t.test('a body where none is taken is refused by name, and nothing is done', async t => {
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 3 } } })
  await gateway.as('42', { method: 'PUT', url: '/api/binance/orders', payload: [1] })
  for (const write of WRITES) {
    for (const [body, path] of [
      ['{"preview":true}', 'preview'],
      ['{"dry_run":true}', 'dry_run'],
      ['{"a.b":1}', 'a\\.b'],
      ['[]', ''],
      ['"x"', ''],
      ['1', ''],
      ['null', ''],
    ] as const) {
      const answer = await send(write, body)
      t.match(
        answer.json(),
        { status: 400, code: 'VALIDATION_FAILED', errors: [{ path }] },
        `${write[1]} ${body}`,
      )
    }
    t.equal((await send(write, '{')).statusCode, 400)
  }
  t.equal(await leverage(), 3)
  t.equal((await gateway.as('42', { url: '/api/binance/orders' })).body, '[1]')
})

t.test('the problem says where an option belongs', async t => {
  const message = async (write: (typeof WRITES)[number], body: string) =>
    (await send(write, body)).json().errors[0].message
  t.equal(await message(WRITES[0], '{"dry_run":true}'), 'dry_run belongs in the query: ?dry_run=...')
  t.match(await message(WRITES[0], '{"dryrun":true}'), /did you mean dry_run\? It belongs in the query/)
  t.equal(await message(['DELETE', '/api/users/42', 204], '{"dry_run":true}'), 'unknown field dry_run')
})

t.test('who may not do it hears that first', async t => {
  const answer = await gateway.as('42', {
    method: 'DELETE',
    url: '/api/users/42',
    payload: { dry_run: true },
  })
  t.equal(answer.statusCode, 403)
})

t.test('a body of thousands of names gets a short answer', async t => {
  const names = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`n${i}`, i]))
  t.equal((await send(WRITES[0], JSON.stringify(names))).json().errors.length, 20)
})

t.test('no body, an empty one and {} are carried out', async t => {
  for (const body of [undefined, '', '{}', ' {} ']) {
    await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 3 } } })
    for (const write of WRITES) t.equal((await send(write, body)).statusCode, write[2], `${write[1]} ${body}`)
    t.not(await leverage(), 3)
  }
})
