import t from 'tap'
import { createDatabase, onServer, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway } from '../helper/gateway.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'

/** Users whose documents were changed behind the marker. */
const AT_RISK = 9_600
const SCALP = '/api/futures/ginie/modes/scalp'

t.test('the gate opens, however many documents are at risk and however far away Redis is', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const proxy = await startTcpProxy(t, redis.port)
  const gateway = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: url,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    // Scripts wait behind one another at that distance.
    FENCE_TIMEOUT_MS: '700',
    REDIS_READ_TIMEOUT_MS: '500',
  })
  const on = () =>
    eventually('the view is ON', async () => (await gateway.services.status.health()).cache.mode === 'on')
  await on()
  await gateway.as('42', { url: SCALP })
  const { epoch } = (await gateway.services.status.health()).cache
  proxy.delay(30)
  await onServer(url, client =>
    client.query(
      `INSERT INTO documents (user_id, kind, version, data, updated_by)
       SELECT 'r' || n, kind, 1, data, 'test' FROM documents, generate_series(1, ${AT_RISK}) AS n
       WHERE user_id = '42' AND kind = 'settings'`,
    ),
  )
  await eventually('another epoch', async () => (await gateway.services.status.health()).cache.epoch > epoch)
  await on()
  const after = (await gateway.services.status.health()).cache.epoch
  t.ok(after <= epoch + 4, `at the first try of the gate, or nearly so: ${epoch} -> ${after}`)
})
