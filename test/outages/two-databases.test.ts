import t, { type Test } from 'tap'
import { createDatabase, onServer, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'

const put = (gateway: TestGateway, confidence: number) =>
  gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: confidence } } })
const read = (gateway: TestGateway) => gateway.as('42', { url: SCALP })
const confidenceOf = async (gateway: TestGateway) =>
  (await read(gateway)).json().data.confidence.min_confidence
const hits = (gateway: TestGateway) =>
  eventually('it is a hit', async () => (await read(gateway)).headers['cache-status'] === HIT)
const healthOf = async (gateway: TestGateway) => (await gateway.as('42', { url: '/health' })).json()

/** As pg_dump and pg_restore make one beside the original: everything is equal but the database itself. */
async function copyOf(t: Test, url: string): Promise<string> {
  const copy = new URL(url)
  const name = `${copy.pathname.slice(1)}_copy`
  const server = new URL(url)
  server.pathname = '/postgres'
  await onServer(server.href, client =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${copy.pathname.slice(1)}`),
  )
  t.teardown(() => onServer(server.href, client => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  copy.pathname = `/${name}`
  return copy.href
}

t.test('a copy of the database beside the original, on one Redis', async t => {
  const [original, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const env = { REDIS_URL: redis.url }
  const first = await startGateway(t, { ...REDIS_OUTAGE, ...env, DATABASE_URL: original })
  t.equal((await put(first, 50)).statusCode, 200)
  await first.close()
  const copy = await copyOf(t, original)
  const a = await startGateway(t, { ...REDIS_OUTAGE, ...env, DATABASE_URL: original })
  await hits(a)

  const b = await startGateway(t, { ...REDIS_OUTAGE, ...env, DATABASE_URL: copy })
  t.equal((await put(b, 60)).statusCode, 200)
  t.equal((await put(a, 51)).statusCode, 200)
  for (let i = 0; i < 3; i++) {
    t.equal(await confidenceOf(a), 51)
    t.equal(await confidenceOf(b), 60)
  }
  await hits(a)
  await eventually('the second says by name why it does not use Redis', async () => {
    const { cache, warnings } = await healthOf(b)
    const name = new URL(original).pathname.slice(1)
    return cache.mode === 'off' && warnings.some((text: string) => text.includes(`${name})`))
  })
  t.equal((await healthOf(a)).cache.mode, 'on', 'the first is left alone')

  await a.close()
  await hits(b)
  t.equal(await confidenceOf(b), 60, 'when the first is gone, nothing of it is answered')
  t.strictSame((await healthOf(b)).warnings, [])
})
