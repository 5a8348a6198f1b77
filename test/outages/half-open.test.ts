import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway } from '../helper/gateway.ts'

/** As when a firewall forgot the connections: they are open, and whoever was at the other end is gone. */
t.test('connections that were opened and never answered are given up', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  let silent = true
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}))
    if (silent) return
    const upstream = connect(redis.port, '127.0.0.1')
    sockets.push(upstream.on('error', () => {}))
    socket.pipe(upstream).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const gateway = await startGateway(t, {
    ...REDIS_OUTAGE,
    DATABASE_URL: url,
    REDIS_URL: `redis://127.0.0.1:${port}`,
    REDIS_CONNECT_TIMEOUT_MS: '300',
  })
  const read = () => gateway.as('42', { url: '/api/futures/ginie/modes/scalp' })
  t.equal((await read()).statusCode, 200)
  t.ok(sockets.length > 0, 'it has connected')
  silent = false
  await eventually('the cache is used', async () => {
    return (await read()).headers['cache-status'] === 'settings-gateway; hit'
  })
})
