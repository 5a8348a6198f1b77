import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createDatabase, onServer, startPostgres, startRedis } from '../helper/backends.ts'
import { listen } from '../helper/event-source.ts'
import { eventually, SERVICE, startGateway, startStack } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('the phases of a shutdown', async t => {
  const { gateway } = await startStack(t, { SHUTDOWN_DELAY_MS: '500' })
  const { url } = gateway
  await gateway.as('42', { url: SCALP })
  const source = await listen(t, url, '42')
  // Held up in the database while the shutdown begins.
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>()
  const holding = onServer(gateway.databaseUrl, async client => {
    await client.query('BEGIN')
    await client.query('SELECT lock_for_write($1, $2)', [['42'], ['mode.scalp']])
    isLocked()
    await held
    await client.query('ROLLBACK')
  })
  await locked
  const writing = fetch(`${url}${SCALP}`, {
    method: 'PUT',
    headers: { ...SERVICE, 'x-user-id': '42', 'content-type': 'application/json' },
    body: '{"confidence":{"min_confidence":41}}',
  })
  await eventually(
    'the write waits',
    () => gateway.services.pool.totalCount > gateway.services.pool.idleCount,
  )
  const closed = gateway.close()
  const ready = await fetch(`${url}/health/ready`)
  t.equal(ready.status, 503)
  t.match(await ready.json(), { code: 'NOT_READY', detail: 'draining' })
  const read = await fetch(`${url}${SCALP}`, { headers: { ...SERVICE, 'x-user-id': '42' } })
  t.equal(read.status, 200, 'requests are still taken')
  t.equal(read.headers.get('connection'), 'close', 'but not on this connection again')
  await eventually('the stream ends', () => source.ended)
  t.equal(source.events.at(-1)?.event, 'reconnect')
  release()
  const written = await writing
  t.equal(written.status, 200, 'what was in progress is answered')
  t.equal(written.headers.get('connection'), 'close')
  await closed
  await holding
  await t.rejects(fetch(`${url}/health/live`), 'nobody listens any more')
})

t.test('a process ends in time, with 0, whatever hangs', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const instance = await startInstance(t, {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    SHUTDOWN_TIMEOUT_MS: '4000',
    LOG_LEVEL: 'silent',
  })
  // A request that never arrives whole, and a database that answers nothing.
  const socket = connect(instance.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.write(`PUT ${SCALP} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n`)
  socket.write(`Content-Type: application/json\r\nAuthorization: ${SERVICE.authorization}\r\n\r\n{`)
  process.kill(postgres.pid, 'SIGSTOP')
  t.teardown(() => process.kill(postgres.pid, 'SIGCONT'))
  redis.freeze()
  t.teardown(() => redis.thaw())
  t.equal(await instance.stop(), 0)
  socket.destroy()
})

t.test('a start that fails leaves nothing open', async t => {
  const url = await createDatabase(t)
  const gateway = await startGateway(t, { DATABASE_URL: url })
  const port = new URL(gateway.url).port
  await t.rejects(startGateway(t, { DATABASE_URL: url, PORT: port }), { code: 'EADDRINUSE' })
  t.equal((await fetch(`${gateway.url}/health/ready`)).status, 200)
})
