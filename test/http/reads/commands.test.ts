import t from 'tap'
import { CacheUnavailableError } from '../../../src/consistency/cache-port.ts'
import { eventually, redisOf, startGateway, startStack, type TestGateway } from '../../helper/gateway.ts'
import { BOT, get, HIT, SCALP, untilHit } from './get.ts'

/** Commands that Redis ran for reads, from now on: looks at heads, and reads of whole values of users. */
async function commandsOf(gateway: TestGateway) {
  const { reads } = gateway.services.redis!
  const client = redisOf(gateway)
  const read = reads.read.bind(reads)
  let whole = 0
  // The renewals of the instances send MGET as well.
  reads.read = (keys, answered) => {
    if (keys.some(key => key.startsWith('user:'))) whole++
    read(keys, answered)
  }
  await client.config('RESETSTAT')
  return async () => {
    const text = await client.info('commandstats')
    return { heads: Number(/cmdstat_getrange:calls=(\d+)/.exec(text)?.[1] ?? 0), whole }
  }
}

t.test(
  'a version that another instance has written: one look at the head, one read of the whole',
  async t => {
    const { gateway, redis } = await startStack(t)
    const other = await startGateway(t, {
      DATABASE_URL: gateway.databaseUrl,
      REDIS_URL: redis.url,
    })
    let confidence = 50
    const readAfterWrite = async (conditional: boolean): Promise<boolean> => {
      await untilHit(gateway, SCALP)
      const { etag } = (await get(gateway, SCALP)).headers
      const payload = { confidence: { min_confidence: confidence++ } }
      const { version } = (await other.as('42', { method: 'PUT', url: SCALP, payload })).json()
      const commands = await commandsOf(gateway)
      const condition: Record<string, string> = conditional ? { 'if-none-match': String(etag) } : {}
      const reply = await get(gateway, SCALP, { ...BOT, ...condition })
      t.match(JSON.parse(reply.body), { version, data: payload })
      const sent = await commands()
      // A machine too busy to renew the lease reads from the database: another time.
      if (reply.headers['cache-status'] !== HIT || sent.heads === 0) return false
      t.strictSame(sent, { heads: 1, whole: 1 })
      return true
    }
    await eventually('without a condition', () => readAfterWrite(false))
    await eventually('with one', () => readAfterWrite(true))
  },
)

t.test('a Redis that failed just now is not asked again', async t => {
  const { gateway } = await startStack(t)
  await untilHit(gateway, SCALP)
  const { cache } = gateway.services.redis!
  const readHeads = cache.readHeads.bind(cache)
  cache.readHeads = (keys, stampKey, answered) =>
    readHeads(keys, stampKey, () => answered(new CacheUnavailableError('late'), undefined))
  const commands = await commandsOf(gateway)
  const reply = await get(gateway, SCALP)
  t.equal(reply.status, 200)
  t.not(reply.headers['cache-status'], HIT)
  t.strictSame(await commands(), { heads: 1, whole: 0 })
})
