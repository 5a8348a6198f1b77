import t from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { eventually, startGateway, startStack } from '../helper/gateway.ts'

const POSITIONS = '/api/binance/positions'

t.test("the stores are those of Fastify's plugins", async t => {
  const { gateway } = await startStack(t)
  const { app, services } = gateway
  t.equal(app.pg.pool, services.pool)
  t.equal(app.redis, services.redis?.client)
  t.equal((await app.pg.query('SELECT 1 AS one')).rows[0]?.one, 1)
  await eventually('it is connected', () => app.redis.status === 'ready')
  t.equal(await app.redis.ping(), 'PONG')
  const { client } = services.redis!
  const sets = t.capture(client, 'set', client.set)
  await gateway.as('42', { method: 'PUT', url: POSITIONS, payload: [] })
  t.equal(sets().length, 1, 'the exchange cache uses it')
  const pings = t.capture(client, 'ping', client.ping)
  await services.status.health()
  t.ok(pings().length > 0, 'and the probe')
})

t.test('the end: the services first, the pool behind them', async t => {
  const gateway = await startGateway(t, { DATABASE_URL: await createDatabase(t) })
  const { app, services } = gateway
  t.equal(app.redis, undefined, 'no Redis is configured')
  const order: string[] = []
  const end = services.pool.end.bind(services.pool)
  const stop = services.retention.stop.bind(services.retention)
  services.retention.stop = async () => {
    await stop()
    order.push('services')
  }
  Object.assign(services.pool, {
    end: (done: () => void) => {
      order.push('pool')
      return end(done)
    },
  })
  await gateway.close()
  t.strictSame(order, ['services', 'pool'])
  t.ok(app.pg.pool.ended)
})

t.test('it starts without PostgreSQL and without Redis, which come later', async t => {
  const gateway = await startGateway(t, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://no-such-host.invalid:6379',
  })
  const { app } = gateway
  t.not(app.redis.status, 'ready')
  await t.rejects(app.redis.ping(), 'it waits for nothing')
  // A name that is not known yet ends the client of @fastify/redis for good.
  await eventually('it goes on looking', () => app.redis.status === 'reconnecting')
  t.equal((await fetch(`${gateway.url}/health/live`)).status, 200)
})
