import t from 'tap'
import { eventually, startStack } from '../helper/gateway.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }
/** Longer than anything here may take. */
const TTL_MS = 60_000

/** The result, and between which moments it came about: milliseconds since 1970. */
async function timed<T>(work: () => Promise<T>): Promise<{ result: T; from: number; to: number }> {
  const from = Date.now()
  const result = await work()
  return { result, from, to: Date.now() }
}

t.test('positions and orders are kept for a while', async t => {
  const { gateway, redis } = await startStack(t, { BINANCE_CACHE_TTL_MS: String(TTL_MS) })
  const { client } = gateway.services.redis!.scriptConnection
  for (const kind of ['positions', 'orders']) {
    const url = `/api/binance/${kind}`
    t.match((await gateway.as('42', { url })).json(), { status: 404, code: 'CACHE_MISS' })
    const body = '[ {"symbol":"BTCUSDT",  "amount":0.10} ]'
    const put = await timed(() =>
      gateway.as('42', { method: 'PUT', url, headers: JSON_HEADERS, payload: body }),
    )
    t.equal(put.result.statusCode, 204)
    const ageOf = async () => {
      const get = await timed(() => gateway.as('42', { url }))
      t.equal(get.result.body, body, 'byte for byte')
      const age = Number(get.result.headers.age)
      // Whole seconds, by the one clock of this machine.
      const [least, most] = [get.from - put.to, get.to - put.from].map(ms => Math.floor(ms / 1_000))
      t.ok(age >= least! && age <= most!, `${kind}: it is ${age} s old, between ${least} and ${most} s`)
      return age
    }
    const age = await ageOf()
    t.equal((await gateway.as('43', { url })).statusCode, 404, 'of one user only')
    await eventually('it ages', async () => (await ageOf()) > age)
    const left = await timed(() => client.pttl(`binance:42:${kind}`))
    const [least, most] = [put.from - left.to, put.to - left.from].map(ms => TTL_MS + ms)
    t.ok(left.result >= least! && left.result <= most!, `${kind}: ${left.result} ms are left of its life`)
    await client.pexpire(`binance:42:${kind}`, 1)
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
