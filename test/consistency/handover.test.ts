import t from 'tap'
import { createDatabase, onServer, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway } from '../helper/gateway.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'

const ROUTE = '/api/user/global-circuit-breaker'
const WRITES = 5

t.test('a gateway without Redis hands its fences and draws over, and the others keep their hits', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const proxy = await startTcpProxy(t, redis.port)
  const well = await startGateway(t, { ...REDIS_OUTAGE, DATABASE_URL: url, REDIS_URL: redis.url })
  const cutOff = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: url,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
  })
  const epoch = () =>
    onServer(url, async client => {
      const { rows } = await client.query<{ mode: string; epoch: string }>(
        'SELECT mode, epoch FROM cache_view',
      )
      return rows[0]!
    })
  const isHit = async () =>
    (await well.as('1', { url: ROUTE })).headers['cache-status'] === 'settings-gateway; hit'
  const write = async (max_consecutive_losses: number) => {
    const reply = await cutOff.as('1', { method: 'PUT', url: ROUTE, payload: { max_consecutive_losses } })
    t.equal(reply.statusCode, 200, reply.body)
    return reply.json<{ version: number }>().version
  }
  await eventually('there are hits', isHit)

  proxy.blackHole()
  await write(3)
  await eventually('the other one has turned the view ON again', isHit)
  await eventually('the cut-off one knows it', async () => (await epoch()).mode === 'ON')
  const before = await epoch()
  for (let i = 0; i < WRITES; i++) {
    const version = await write(4 + i)
    const read = await well.as('1', { url: ROUTE })
    t.equal(read.json<{ version: number }>().version, version, 'the next read sees it')
    const drawn = await cutOff.as('1', { method: 'POST', url: '/api/user/sequence' })
    t.equal(drawn.json<{ source: string }>().source, 'redis')
    await eventually('it is a hit again', isHit)
  }
  t.strictSame(await epoch(), before, 'the view stayed ON')
  const { rows } = await onServer(url, client => client.query('SELECT id FROM handovers WHERE NOT taken'))
  t.strictSame(rows, [])
})
