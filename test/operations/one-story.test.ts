import { connect } from 'node:net'
import t from 'tap'
import { SharedCheck } from '../../src/lifecycle/shared-check.ts'
import { eventually, REDIS_OUTAGE, redisOf, startStack, type TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

/** What /health, the operator page and the metrics say of the cache, and what asking them costs. */

async function stories(gateway: TestGateway) {
  const { app } = gateway
  const health = (await app.inject({ url: '/health' })).json()
  const { view, health: shown } = (await app.inject({ url: '/api/admin/status', headers: ADMIN })).json()
  const metrics = (await app.inject({ url: '/metrics' })).body
  const gauge = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1])
  const breaker = /^redis_breaker_state\{state="([a-z-]+)"\} 1$/m.exec(metrics)?.[1]
  return {
    modes: [
      health.cache.mode,
      shown.cache.mode,
      view.mode,
      view.lease_held ? 'on' : 'off',
      gauge('cache_lease_held') === 1 ? 'on' : 'off',
    ],
    epochs: [health.cache.epoch, view.epoch, gauge('cache_view_epoch')],
    breakers: [health.services.redis.breaker, shown.services.redis.breaker, breaker],
    redis: health.services.redis.status,
    reason: view.reason,
  }
}

t.test('after kill -9 of Redis all of them tell one story', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  await eventually('the cache is on', async () => (await stories(gateway)).modes[0] === 'on')
  await redis.kill()
  const settled = async (mode: string, breaker: string) => {
    const { modes, breakers } = await stories(gateway)
    return modes[0] === mode && new Set(modes).size === 1 && breakers.every(each => each === breaker)
  }
  // Nobody writes: the view of all stays ON, and this instance has no part in it any more.
  await eventually('off, with the breaker open', () => settled('off', 'open'))
  const during = await stories(gateway)
  t.strictSame(new Set(during.modes), new Set(['off']))
  t.equal(new Set(during.epochs).size, 1)
  t.equal(during.redis, 'down')
  t.equal(during.reason, 'redis-unreachable')
  await redis.restart()
  await eventually('on again', () => settled('on', 'closed'))
})

t.test('a flood of health checks reaches no store and costs no lease', async t => {
  const { gateway } = await startStack(t, REDIS_OUTAGE)
  const client = redisOf(gateway)
  await eventually('the cache is on', async () => (await stories(gateway)).modes[0] === 'on')
  const ping = client.ping.bind(client)
  let pings = 0
  const counted = () => {
    pings++
    return ping()
  }
  Object.assign(client, { ping: counted })
  const port = Number(new URL(gateway.url).port)
  const startedAt = performance.now()
  const requests = ['/health', '/health/redis', '/health/ready', '/nowhere', '/api/user/settings']
    .map(url => `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`)
    .join('')
  const sockets = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(
    sockets.map(socket => {
      socket.on('error', () => {})
      let answers = 0
      const done = new Promise<void>(resolve => {
        socket.on('data', chunk => {
          answers += chunk.toString('latin1').split('HTTP/1.1 ').length - 1
          if (answers >= 100) resolve()
        })
        socket.once('close', () => resolve())
      })
      socket.write(requests.repeat(20))
      return done
    }),
  )
  const seconds = (performance.now() - startedAt) / 1_000
  t.ok(pings <= 4 * seconds + 2, `${pings} PINGs in ${seconds} s`)
  t.equal((await gateway.as('42', { url: '/health' })).json().services.database.status, 'up')
  const { body } = await gateway.app.inject({ url: '/metrics' })
  t.match(body, /^database_reached 1$/m)
})

t.test('a check is shared while it runs and for a moment after', async t => {
  let runs = 0
  const work = Promise.withResolvers<void>()
  const check = new SharedCheck(() => {
    runs++
    return work.promise
  })
  const all = Array.from({ length: 100 }, () => check.latencyMs())
  work.resolve()
  for (const latency of await Promise.all(all)) t.type(latency, 'number')
  t.type(await check.latencyMs(), 'number')
  t.equal(runs, 1)
  const failing = new SharedCheck(() => Promise.reject(new Error('down')))
  t.equal(await failing.latencyMs(), null)
})
