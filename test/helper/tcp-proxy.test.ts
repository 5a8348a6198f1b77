import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startTcpProxy } from './tcp-proxy.ts'

/** A server that answers every piece with the same piece, and tells what it has read. */
async function startEcho(t: Test) {
  let received = ''
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket
      .on('error', () => {})
      .on('data', chunk => {
        received += chunk
        socket.write(chunk)
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, received: () => received }
}

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function ask(socket: Socket, text: string): Promise<unknown> {
  socket.write(text)
  const [answer] = await once(socket, 'data')
  return answer
}

function closed(socket: Socket): Promise<unknown> {
  return new Promise(resolve => socket.once('close', resolve))
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}

t.test('passes bytes both ways, and later when delayed', async t => {
  const proxy = await startTcpProxy(t, (await startEcho(t)).port)
  const socket = await open(t, proxy.port)
  t.equal(await ask(socket, 'one'), 'one')
  proxy.delay(100)
  const start = performance.now()
  t.equal(await ask(socket, 'two'), 'two')
  t.ok(performance.now() - start >= 99, 'not before its time')
  proxy.pass()
  t.equal(await ask(socket, 'three'), 'three')
})

t.test('dropped replies: the request takes effect, the connection cannot be used afterwards', async t => {
  const echo = await startEcho(t)
  const proxy = await startTcpProxy(t, echo.port)
  const socket = await open(t, proxy.port)
  t.equal(await ask(socket, 'one'), 'one')
  proxy.dropReplies()
  let answered = false
  socket.once('data', () => {
    answered = true
  })
  socket.write('two')
  await eventually(() => echo.received() === 'onetwo')
  await eventually(() => proxy.dropped === 1)
  const ended = closed(socket)
  proxy.pass()
  await ended
  t.notOk(answered)
  t.equal(await ask(await open(t, proxy.port), 'three'), 'three')
})

t.test('a black hole holds everything back until it passes again', async t => {
  const echo = await startEcho(t)
  const proxy = await startTcpProxy(t, echo.port)
  const socket = await open(t, proxy.port)
  t.equal(await ask(socket, 'one'), 'one')
  proxy.blackHole()
  const answer = ask(socket, 'two')
  const late = await open(t, proxy.port)
  const lateAnswer = ask(late, 'three')
  await new Promise(resolve => setTimeout(resolve, 50))
  t.equal(echo.received(), 'one')
  proxy.pass()
  t.equal(await answer, 'two')
  t.equal(await lateAnswer, 'three')
})

t.test('cut resets what is open, and the next connection works', async t => {
  const proxy = await startTcpProxy(t, (await startEcho(t)).port)
  const socket = await open(t, proxy.port)
  t.equal(await ask(socket, 'one'), 'one')
  const failed = once(socket, 'error')
  proxy.cut()
  const [error] = await failed
  t.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET')
  t.equal(proxy.connections, 0)
  t.equal(await ask(await open(t, proxy.port), 'two'), 'two')
})

t.test('cut closes a connection that is ending already', async t => {
  const proxy = await startTcpProxy(t, (await startEcho(t)).port)
  const socket = await open(t, proxy.port)
  t.equal(await ask(socket, 'one'), 'one')
  // Both ends arrive in one turn of the event loop: the cut comes when the proxy has not yet ended its own side.
  const server = createServer(other => other.resume().once('end', () => proxy.cut())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const other = await open(t, (server.address() as AddressInfo).port)
  const ended = Promise.all([socket, other].map(each => closed(each.resume())))
  socket.end()
  other.end()
  await ended
  // One that stays half closed keeps Node from ending, at full speed.
  await eventually(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'))
  t.equal(proxy.connections, 0)
})

t.test('retarget leads new connections elsewhere', async t => {
  const [first, second] = [await startEcho(t), await startEcho(t)]
  const proxy = await startTcpProxy(t, first.port)
  const socket = await open(t, proxy.port)
  await ask(socket, 'one')
  const ended = closed(socket)
  proxy.retarget(second.port)
  await ended
  t.equal(await ask(await open(t, proxy.port), 'two'), 'two')
  t.equal(first.received(), 'one')
  t.equal(second.received(), 'two')
})

t.test('a server that is gone closes the connection', async t => {
  const proxy = await startTcpProxy(t, 1)
  const socket = await open(t, proxy.port)
  await closed(socket)
  t.equal(proxy.connections, 0)
})
