import t from 'tap'
import { eventually, startStack } from '../helper/gateway.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }

t.test('positions and orders are kept for a while', async t => {
  const { gateway, redis } = await startStack(t, { BINANCE_CACHE_TTL_MS: '1500' })
  for (const kind of ['positions', 'orders']) {
    const url = `/api/binance/${kind}`
    t.match((await gateway.as('42', { url })).json(), { status: 404, code: 'CACHE_MISS' })
    const body = '[ {"symbol":"BTCUSDT",  "amount":0.10} ]'
    t.equal(
      (await gateway.as('42', { method: 'PUT', url, headers: JSON_HEADERS, payload: body })).statusCode,
      204,
    )
    const get = await gateway.as('42', { url })
    t.equal(get.body, body, 'byte for byte')
    t.match(get.headers, { age: '0' })
    t.equal((await gateway.as('43', { url })).statusCode, 404, 'of one user only')
    await eventually('it ages', async () => (await gateway.as('42', { url })).headers.age === '1')
    await eventually('it expires', async () => (await gateway.as('42', { url })).statusCode === 404)
    await gateway.as('42', { method: 'PUT', url, headers: JSON_HEADERS, payload: 'null' })
    t.equal((await gateway.as('42', { url })).body, 'null')
    t.equal((await gateway.as('42', { method: 'DELETE', url })).statusCode, 204)
    t.equal((await gateway.as('42', { url })).statusCode, 404)
    t.equal(
      (await gateway.as('42', { method: 'PUT', url, headers: JSON_HEADERS, payload: '{' })).statusCode,
      400,
    )
    t.equal(
      (await gateway.as('42', { method: 'PUT', url, headers: JSON_HEADERS, payload: '' })).statusCode,
      400,
    )
    const large = JSON.stringify('x'.repeat(1024 * 1024))
    t.equal(
      (await gateway.as('42', { method: 'PUT', url, headers: JSON_HEADERS, payload: large })).statusCode,
      413,
    )
    t.equal(
      (
        await gateway.as('42', {
          method: 'PUT',
          url,
          headers: { 'content-type': 'text/plain' },
          payload: 'x',
        })
      ).statusCode,
      415,
    )
  }
  await redis.kill()
  t.equal(
    (
      await gateway.as('42', {
        method: 'PUT',
        url: '/api/binance/orders',
        headers: JSON_HEADERS,
        payload: '1',
      })
    ).statusCode,
    204,
  )
  t.equal((await gateway.as('42', { url: '/api/binance/orders' })).statusCode, 404)
})
