import t, { type Test } from 'tap'
import { onServer } from '../helper/backends.ts'
import { listen } from '../helper/event-source.ts'
import { eventually, LONG_LEASE, startGateway, startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

/** Two gateways that answer version 1 from the cache, a stream of the first one, and an edit in psql that is committed. */
async function edited(t: Test) {
  const { gateway, redis } = await startStack(t, LONG_LEASE)
  const other = await startGateway(t, {
    ...LONG_LEASE,
    DATABASE_URL: gateway.databaseUrl,
    REDIS_URL: redis.url,
  })
  for (const each of [gateway, other])
    await eventually('it is a hit', async () => {
      const { headers } = await each.as('42', { url: SCALP })
      return headers['cache-status'] === 'settings-gateway; hit'
    })
  const source = await listen(t, gateway.url, '42')
  await onServer(gateway.databaseUrl, client =>
    client.query(
      `UPDATE documents SET data = data || '{"note":"by hand"}' WHERE user_id = '42' AND kind = 'mode.scalp'`,
    ),
  )
  const versions = async () => {
    const replies = await Promise.all([gateway, other].map(each => each.as('42', { url: SCALP })))
    return replies.map(reply => reply.json().version)
  }
  return { other, source, versions }
}

t.test('who is told of an edit by hand reads it through every instance', async t => {
  const { source, versions } = await edited(t)
  t.strictSame(await versions(), [1, 1], 'leases run on')
  await eventually('it is heard of', () => source.events.length === 1)
  t.strictSame(await versions(), [2, 2])
  t.match(source.events, [{ data: { document: 'mode.scalp', version: 2 } }])
})

t.test('a stream that begins behind an edit by hand begins when it can be read', async t => {
  const { other, versions } = await edited(t)
  t.equal((await listen(t, other.url, '42')).status, 200)
  t.strictSame(await versions(), [2, 2])
})
