import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway } from '../helper/gateway.ts'

const FOREIGN = 20_000
const SCALP = '/api/futures/ginie/modes/scalp'

t.test('a Redis that another program uses: a start and a cold gate leave all of its keys', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const names = [
    'user:42:name',
    'user:42',
    'gateway:other',
    ...Array.from({ length: FOREIGN }, (_, i) => `job:${i}`),
  ]
  await onRedis(redis.url, client => client.mset(names.flatMap(name => [name, 'theirs'])))
  const gateway = await startGateway(t, { ...REDIS_OUTAGE, DATABASE_URL: url, REDIS_URL: redis.url })
  const hit = () =>
    eventually('a hit', async () => {
      const { headers } = await gateway.as('42', { url: SCALP })
      return headers['cache-status'] === 'settings-gateway; hit'
    })
  const stay = async (when: string) => {
    const values = await onRedis(redis.url, client => client.mget(names))
    t.equal(values.filter(value => value === 'theirs').length, names.length, when)
  }
  await hit()
  await stay('after the start')
  const { epoch } = (await gateway.services.status.health()).cache
  // The view is lost, and the marker with it: the next gate begins cold.
  await onRedis(redis.url, client => client.del('gateway:view', 'gateway:marker'))
  await eventually('another epoch', async () => (await gateway.services.status.health()).cache.epoch > epoch)
  await hit()
  await stay('after a cold gate')
})
