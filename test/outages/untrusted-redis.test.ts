import t from 'tap'
import { parseServerInfo } from '../../src/cache/server-info.ts'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, startGateway, startStack, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'

const warned = (gateway: TestGateway, text: RegExp) =>
  eventually(`a warning ${text}`, async () =>
    (await gateway.services.status.health()).warnings.some(warning => text.test(warning)),
  )
const status = async (gateway: TestGateway) =>
  (await gateway.as('42', { url: SCALP })).headers['cache-status']
const untilHit = (gateway: TestGateway) => eventually('a hit', async () => (await status(gateway)) === HIT)

t.test(
  'a Redis that evicts keys without a TTL is not trusted, and named; it is when that has changed',
  async t => {
    const { gateway, redis } = await startStack(t)
    await untilHit(gateway)
    await onRedis(redis.url, client => client.config('SET', 'maxmemory-policy', 'allkeys-lru'))
    await warned(gateway, /maxmemory-policy allkeys-lru/)
    await eventually('no hit', async () => (await status(gateway)) !== HIT)
    await onRedis(redis.url, client => client.config('SET', 'maxmemory-policy', 'volatile-lru'))
    await untilHit(gateway)
  },
)

t.test(
  'an ACL that refuses a command of the scripts is named, and nothing is answered from the cache',
  async t => {
    const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
    await onRedis(redis.url, client =>
      client.call('ACL', 'SETUSER', 'gateway', 'on', '>secret', '~*', '&*', '+@all', '-getrange'),
    )
    const gateway = await startGateway(t, {
      DATABASE_URL: url,
      REDIS_URL: `redis://gateway:secret@127.0.0.1:${redis.port}`,
    })
    await warned(gateway, /GETRANGE/i)
    t.not(await status(gateway), HIT)
    t.not(await status(gateway), HIT)
    await onRedis(redis.url, client => client.call('ACL', 'SETUSER', 'gateway', '+getrange'))
    await onRedis(redis.url, client => client.call('CLIENT', 'KILL', 'USER', 'gateway'))
    await untilHit(gateway)
  },
)

t.test('keys of another program are named in a warning', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  await onRedis(redis.url, client => client.mset('job:1', 'x', 'user:42:name', 'x'))
  const gateway = await startGateway(t, { DATABASE_URL: url, REDIS_URL: redis.url })
  await warned(gateway, /keys of other programs \(2 seen\)/)
  await untilHit(gateway)
})

t.test('a server that does not tell its identity is refused by the section and the field', async t => {
  t.throws(() => parseServerInfo('# Server\r\nrun_id:abc\r\n'), /INFO replication has no master_replid/)
  t.throws(() => parseServerInfo('role:master\r\nmaster_replid:abc\r\n'), /INFO server has no run_id/)
})
