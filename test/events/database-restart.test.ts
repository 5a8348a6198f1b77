import t from 'tap'
import { startPostgres, startRedis } from '../helper/backends.ts'
import { listen } from '../helper/event-source.ts'
import { eventually, PRODUCTION_TIMES, startGateway, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

async function put(gateway: TestGateway, min: number): Promise<boolean> {
  const payload = { confidence: { min_confidence: min } }
  return (await gateway.as('42', { method: 'PUT', url: SCALP, payload })).statusCode === 200
}

t.test(
  'streams outlive a restart of the database, and hear what was stored before they could ask',
  async t => {
    const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    const [one, two] = [
      await startGateway(t, { ...PRODUCTION_TIMES, ...env }),
      await startGateway(t, { ...PRODUCTION_TIMES, ...env }),
    ]
    await one.as('42', { url: SCALP })
    const source = await listen(t, one.url, '42')
    await put(two, 41)
    await eventually('a change is told', () => source.events.length === 1)
    await postgres.kill()
    await eventually('nobody new is let in', async () => {
      const refused = await listen(t, one.url, '42')
      refused.close()
      return refused.status === 503 && refused.headers['retry-after'] === '1'
    })
    t.notOk(source.ended)
    await postgres.restart()
    await eventually('a write works again', () => put(two, 43))
    await eventually('it is told on the old stream', () => source.events.length >= 2)
    await eventually('with the version of now', async () => {
      const reply = await two.as('42', { url: SCALP })
      return (source.events.at(-1)!.data as { version: number }).version === reply.json().version
    })
    t.ok(source.events.every(({ event }) => event === 'change'))
    // A second write of the same content may not have changed anything; each version is told once.
    const versions = source.events.map(({ data }) => (data as { version: number }).version)
    t.equal(new Set(versions).size, versions.length)
  },
)
