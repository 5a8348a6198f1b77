import type { ServerResponse } from 'node:http'
import t from 'tap'
import { AccessError, type WatchEvent } from '../../src/client/client.ts'
import type { Scope } from '../helper/backends.ts'
import { type FakeServer, fakeServer, problem } from './fake-server.ts'
import { openClient } from './open-client.ts'

/** Begins a stream and sends these changes, by their versions. */
function stream(reply: ServerResponse, ...versions: readonly number[]): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.write('retry: 1\n\n: heartbeat\n\n')
  for (const version of versions) {
    reply.write(`id: e${version}\nevent: change\ndata: {"document":"mode.scalp","version":${version}}\n\n`)
  }
}

const userOf = (t: Scope, server: FakeServer) => openClient(t, server, { connections: 1 }).user('42')

t.test('changes arrive, and a connection that breaks is resumed after the last one', async t => {
  const server = await fakeServer(t, (_, reply, nth) => {
    if (nth === 0) {
      stream(reply, 1, 2)
      setImmediate(() => reply.destroy())
    } else if (nth === 1) problem(reply, 503, 'NOT_READY')
    else stream(reply, 3)
  })
  const seen: WatchEvent[] = []
  const lost: unknown[] = []
  for await (const change of userOf(t, server).watch({ onConnection: error => lost.push(error) })) {
    seen.push(change)
    if (change.id === 'e3') break
  }
  t.strictSame(
    seen,
    [1, 2, 3].map(version => ({ type: 'change', document: 'mode.scalp', version, id: `e${version}` })),
  )
  t.strictSame(
    server.requests.map(({ headers }) => headers['last-event-id']),
    [undefined, 'e2', 'e2'],
  )
  t.match(server.requests[0]!.headers, { accept: 'text/event-stream', 'x-user-id': '42' })
  t.strictSame(
    lost.map(error => error === undefined),
    [true, false, false, true],
  )
})

t.test('it resumes where another process ended', async t => {
  const server = await fakeServer(t, (_, reply) => stream(reply, 8))
  for await (const change of userOf(t, server).watch({ lastEventId: 'e7' })) {
    t.match(change, { version: 8 })
    break
  }
  t.equal(server.requests[0]!.headers['last-event-id'], 'e7')
})

t.test('the signal ends the loop without an error', async t => {
  const server = await fakeServer(t, (_, reply) => stream(reply, 1))
  const controller = new AbortController()
  let changes = 0
  for await (const _change of userOf(t, server).watch({ signal: controller.signal })) {
    changes++
    controller.abort()
  }
  t.equal(changes, 1)
})

t.test('a silent connection is given up', async t => {
  const server = await fakeServer(t, (_, reply, nth) => stream(reply, ...(nth === 0 ? [] : [2])))
  for await (const change of userOf(t, server).watch({ silenceMs: 50 })) {
    t.match(change, { version: 2 })
    break
  }
  // On a busy machine the second one may be silent for so long as well.
  t.ok(server.requests.length >= 2)
})

t.test('who may not watch is told', async t => {
  const server = await fakeServer(t, (_, reply) => problem(reply, 401, 'UNAUTHORIZED'))
  await t.rejects(userOf(t, server).watch().next(), AccessError)
  t.equal(server.requests.length, 1)
})

t.test('a watch takes no connection from the requests', async t => {
  const server = await fakeServer(t, (request, reply) => {
    if (request.url?.endsWith('/events')) stream(reply, 1)
    else reply.end('{}')
  })
  const user = userOf(t, server)
  const [first, second] = [user.watch(), user.watch()]
  await Promise.all([first.next(), second.next()])
  t.strictSame((await user.get('llm_config')).value, {})
  await Promise.all([first.return(), second.return()])
})

t.test('an id without an event, resync, reconnect at once, and a deleted user', async t => {
  const server = await fakeServer(t, (_, reply, nth) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' })
    if (nth === 0) reply.end(': open\nid: begin\n\nevent: reconnect\nretry: 0\ndata: {}\n\n')
    else if (nth === 1) reply.end('id: other\nevent: resync\ndata: {}\n\n')
    else reply.write('id: last\nevent: change\ndata: {"document":"settings","version":4,"deleted":true}\n\n')
  })
  const seen: WatchEvent[] = []
  for await (const event of userOf(t, server).watch()) if (seen.push(event) === 2) break
  t.strictSame(seen, [
    { type: 'resync', id: 'other' },
    { type: 'change', document: 'settings', version: 4, deleted: true, id: 'last' },
  ])
  t.strictSame(
    server.requests.map(({ headers }) => headers['last-event-id']),
    [undefined, 'begin', 'other'],
  )
})
