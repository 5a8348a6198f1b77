import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseServerInfo } from '../../src/cache/server-info.ts'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, startStack, type TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

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
    const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
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
      ...REDIS_OUTAGE,
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

/** The words behind `ACL` in docs/redis.md. */
function documentedAcl(): string[] {
  const [, command = ''] =
    /^ {4}ACL (SETUSER gateway (?:.*\\\n)*.*)$/m.exec(readFileSync('docs/redis.md', 'utf8')) ?? []
  const words = command.replaceAll('\\\n', ' ').trim().split(/\s+/)
  // Redis 7.0 has no such command.
  return words.filter(word => word !== '+client|setinfo')
}

t.test('the ACL of docs/redis.md allows all that the gateway does', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  await onRedis(redis.url, client => client.call('ACL', ...documentedAcl()))
  const gateway = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: url,
    REDIS_URL: `redis://gateway:password@127.0.0.1:${redis.port}`,
  })
  await untilHit(gateway)
  const send = (method: 'PUT' | 'POST' | 'GET', path: string, payload?: object) =>
    gateway.as('42', { method, url: path, ...(payload && { payload }) })
  t.equal((await send('PUT', SCALP, { size: { leverage: 7 } })).statusCode, 200)
  const drawn = await send('POST', '/api/user/sequence', { count: 20 })
  t.match(drawn.json(), { last: 20, source: 'redis' })
  t.equal((await send('PUT', '/api/binance/positions', [])).statusCode, 204)
  t.equal((await send('GET', '/api/binance/positions')).statusCode, 200)
  const removed = await gateway.app.inject({ method: 'DELETE', url: '/api/users/42', headers: ADMIN })
  t.equal(removed.statusCode, 204)
  const { epoch } = (await gateway.services.status.health()).cache
  await onRedis(redis.url, client => client.flushall())
  await eventually('a cold gate', async () => (await gateway.services.status.health()).cache.epoch > epoch)
  await untilHit(gateway)
  t.strictSame(await onRedis(redis.url, client => client.call('ACL', 'LOG')), [], 'nothing was refused')
})

t.test('keys of another program are named in a warning', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  await onRedis(redis.url, client => client.mset('job:1', 'x', 'user:42:name', 'x'))
  const gateway = await startGateway(t, { ...REDIS_OUTAGE, DATABASE_URL: url, REDIS_URL: redis.url })
  await warned(gateway, /keys of other programs \(2 seen\)/)
  await untilHit(gateway)
})

t.test('a server that does not tell its identity is refused by the section and the field', async t => {
  t.throws(() => parseServerInfo('# Server\r\nrun_id:abc\r\n'), /INFO replication has no master_replid/)
  t.throws(() => parseServerInfo('role:master\r\nmaster_replid:abc\r\n'), /INFO server has no run_id/)
})
