import { Redis } from 'ioredis'
import t from 'tap'
import { RedisConnection } from '../../src/cache/redis-connection.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'

t.test('reads with a password, a database number, and after the lane alone was killed', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const admin = new Redis(redis.url)
  t.teardown(() => admin.disconnect())
  await admin.config('SET', 'requirepass', 'se cret')
  const gateway = await startGateway(t, {
    DATABASE_URL: url,
    REDIS_URL: `redis://:se%20cret@127.0.0.1:${redis.port}/3`,
  })
  const hit = () =>
    eventually('a hit', async () => (await gateway.as('42', { url: SCALP })).headers['cache-status'] === HIT)
  await hit()
  const connection = gateway.services.redis!.reads.connections[0]!
  t.match(await connection.client.info('keyspace'), /^db3:/m)
  const { generation } = connection
  const list = String(await connection.client.client('LIST'))
  const [, id] = /^id=(\d+) .*name=settings-gateway-read-lane/m.exec(list) ?? []
  await connection.client.client('KILL', 'ID', Number(id))
  await eventually('another generation', () => connection.generation !== generation)
  await hit()
  const before = gateway.services.redis!.breaker.state
  t.equal(before, 'closed')
})

t.test('a socket that reports two errors, as TLS does, throws neither', async t => {
  const redis = await startRedis(t)
  const target = {
    kind: 'single' as const,
    server: { host: '127.0.0.1', port: redis.port },
    sentinels: [],
    sentinelName: undefined,
    username: undefined,
    password: undefined,
    db: 0,
    tls: false,
  }
  const options = { target, connectTimeoutMs: 1_000, timeoutMs: 1_000, name: 'test' }
  for (const end of ['close', 'reconnect', 'fail'] as const) {
    const connection = new RedisConnection(options)
    const troubles: string[] = []
    connection.on('trouble', ({ message }) => troubles.push(message))
    connection.open()
    await eventually('it is connected', () => connection.server !== undefined)
    const { stream } = connection.client
    if (end !== 'fail') connection[end]()
    for (const message of ['first', 'second'])
      t.doesNotThrow(() => stream.emit('error', new Error(message)), end)
    if (end === 'fail') t.strictSame(troubles, ['first'])
    connection.close()
  }
})

t.test('a script that Redis forgot is sent again', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const gateway = await startGateway(t, { DATABASE_URL: url, REDIS_URL: redis.url })
  const decision = () => gateway.as('42', { url: '/api/futures/ginie/decision-settings' })
  await decision()
  await decision()
  await gateway.services.redis!.scriptConnection.client.script('FLUSH')
  const reply = await decision()
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['cache-status'], HIT)
})
