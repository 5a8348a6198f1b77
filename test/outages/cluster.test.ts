import t from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { startGateway } from '../helper/gateway.ts'

t.test('Redis Cluster is refused at the start', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t, ['--cluster-enabled', 'yes'])])
  await t.rejects(startGateway(t, { DATABASE_URL: url, REDIS_URL: redis.url }), {
    name: 'ConfigError',
    message: /Redis Cluster is not supported/,
  })
})
