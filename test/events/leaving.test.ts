import { connect, type Socket } from 'node:net'
import t from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { eventually, SERVICE, startGateway } from '../helper/gateway.ts'

/** Callers who leave: whenever their connection ends, nobody listens for them any more. */

const gateway = await startGateway(t, { DATABASE_URL: await createDatabase(t) })
const { changes, reads } = gateway.services
const port = Number(new URL(gateway.url).port)
const HEADERS = `Host: x\r\nAuthorization: ${SERVICE.authorization}\r\nX-User-Id: 42\r\n\r\n`
const STREAM = `GET /api/user/settings/events HTTP/1.1\r\n${HEADERS}`

/** Holds the first read of each stream until `release`; counts those that began. */
function holdReads(): { readonly begun: () => number; release(): void } {
  const requireUser = reads.requireUser.bind(reads)
  const gate = Promise.withResolvers<void>()
  let begun = 0
  reads.requireUser = async actor => {
    begun++
    await gate.promise
    return requireUser(actor)
  }
  return {
    begun: () => begun,
    release: () => {
      reads.requireUser = requireUser
      gate.resolve()
    },
  }
}

function open(text: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.resume()
  socket.write(text)
  return socket
}

const WAYS: Readonly<Record<string, { request?: string; leave: (socket: Socket) => unknown }>> = {
  'the connection is closed': { leave: socket => socket.destroy() },
  'the connection is reset': { leave: socket => socket.resetAndDestroy() },
  'the caller ends its side': { leave: socket => socket.end() },
  'HTTP/1.0': { request: STREAM.replace('1.1', '1.0'), leave: socket => socket.destroy() },
  pipelined: { request: STREAM + STREAM, leave: socket => socket.destroy() },
}

/** Without a connection: those that are open are counted. */
const ask = (url: string) => gateway.app.inject({ url, headers: { ...SERVICE, 'x-user-id': '42' } })

await ask('/api/user/settings')

for (const [name, { request = STREAM, leave }] of Object.entries(WAYS)) {
  t.test(`before the first read has ended: ${name}`, async t => {
    const reads = holdReads()
    const sockets = Array.from({ length: 10 }, () => open(request))
    t.teardown(() => {
      for (const socket of sockets) socket.destroy()
    })
    await eventually('all are read for', () => reads.begun() >= sockets.length)
    const gone = new Promise<void>(resolve => {
      let left = sockets.length
      for (const socket of sockets) socket.once('close', () => --left === 0 && resolve())
    })
    for (const socket of sockets) leave(socket)
    await gone
    // The server has seen them end when it answers a request that came later.
    await ask('/health/live')
    const connections = () =>
      new Promise<number>(resolve => gateway.app.server.getConnections((_error, count) => resolve(count)))
    await eventually('the server knows', async () => (await connections()) === 0)
    reads.release()
    const last = open(STREAM)
    t.teardown(() => last.destroy())
    await eventually('only who stays is listened for', () => changes.count === 1)
    leave(last)
    await eventually('nor is anybody when the stream was open', () => changes.count === 0)
  })
}
