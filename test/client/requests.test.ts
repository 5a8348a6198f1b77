import t from 'tap'
import { UnreachableError, VersionMismatchError } from '../../src/client/client.ts'
import { fakeServer, json } from './fake-server.ts'
import { openClient } from './open-client.ts'

const envelope = (version: number, data: object) => ({
  version,
  updated_at: '2026-01-06T12:00:00.000Z',
  data,
})

function mismatch(reply: import('node:http').ServerResponse, current: object): void {
  reply.writeHead(412, { 'content-type': 'application/problem+json' })
  reply.end(JSON.stringify({ status: 412, code: 'VERSION_MISMATCH', title: '', detail: 'no', current }))
}

t.test('what is wrong with the call itself is told at once, and nothing is sent', async t => {
  const server = await fakeServer(t, (_, reply) => json(reply, {}))
  const user = openClient(t, server).user('42')
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  await t.rejects(user.exchange.put('orders', cycle), TypeError)
  await t.rejects(user.exchange.put('orders', undefined), TypeError)
  await t.rejects(user.put('settings', { preferences: cycle }, { ifMatch: 1 }), TypeError)
  await t.rejects(user.put('settings', {}, { ifMatch: 'seven' }), TypeError)
  await t.rejects(user.put('settings', {}, { ifMatch: Number.NaN }), TypeError)
  await t.rejects(openClient(t, server).user('two\nlines').get('settings'), TypeError)
  const gone = new Error('the vault is sealed')
  const sealed = openClient(t, server, {
    token: () => {
      throw gone
    },
  })
  t.equal(
    await sealed
      .user('42')
      .get('settings')
      .catch(error => error),
    gone,
  )
  t.equal(server.requests.length, 0)
  const closed = openClient(t, server)
  await closed.close()
  const error: Error = await closed
    .user('42')
    .get('settings')
    .catch(error => error)
  t.notOk(error instanceof UnreachableError)
  t.match(error.message, 'the client is closed')
})

t.test('a bigint is sent as an integer and arrives as one', async t => {
  let sent = ''
  const server = await fakeServer(t, (request, reply) => {
    if (request.method === 'GET') return void reply.end('[{"orderId":8389765612825190229}]')
    request.setEncoding('utf8').on('data', text => {
      sent += text
    })
    request.on('end', () => reply.writeHead(204).end())
  })
  const { exchange } = openClient(t, server).user('42')
  await exchange.put('orders', [{ orderId: 8389765612825190229n }])
  t.equal(sent, '[{"orderId":8389765612825190229}]')
  t.strictSame(await exchange.get('orders'), [{ orderId: 8389765612825190229n }])
})

t.test('an answer that is not JSON is no answer', async t => {
  const server = await fakeServer(t, (_, reply) => reply.end('<h1>Welcome</h1>'))
  const user = openClient(t, server, { retries: 0 }).user('42')
  await t.rejects(user.get('settings'), UnreachableError)
  await t.rejects(user.put('settings', {}), UnreachableError)
})

t.test('If-Match takes versions and tags', async t => {
  const server = await fakeServer(t, (_, reply) => json(reply, envelope(8, {})))
  const client = openClient(t, server)
  const user = client.user('42')
  await user.put('settings', {}, { ifMatch: 7 })
  await user.loadDefaults('all', { ifMatch: '"1.2.3"' })
  await user.reset('mode.scalp', 'size', { ifMatch: '*' })
  await client.admin.syncDefaults('file', { ifMatch: 3 })
  await client.admin.deleteUser('42', { ifMatch: '"1.2"' })
  t.strictSame(
    server.requests.map(({ headers }) => headers['if-match']),
    ['"7"', '"1.2.3"', '*', '"3"', '"1.2"'],
  )
})

t.test('a put whose answer was lost is recognised when it is sent again', async t => {
  const data = { size: { leverage: 6 }, enabled: true }
  const server = await fakeServer(t, (_, reply, nth) => {
    if (nth === 0) reply.destroy()
    else mismatch(reply, envelope(8, data))
  })
  const answer = await openClient(t, server)
    .user('42')
    .putMode('scalp', { size: { leverage: 6 } }, { ifMatch: 7 })
  t.match(answer, { version: 8, data })
})

t.test('an update whose answer was lost is never done twice', async t => {
  for (const [version, leverage] of [
    [9, 6],
    [8, 9],
  ]) {
    const server = await fakeServer(t, (request, reply, nth) => {
      if (request.method === 'GET') json(reply, envelope(7, { size: { leverage: 5 } }), { etag: '"7"' })
      else if (nth === 1) reply.destroy()
      else mismatch(reply, envelope(version!, { size: { leverage } }))
    })
    const error = await openClient(t, server)
      .user('42')
      .update('mode.scalp', ({ size }) => ({ size: { leverage: size.leverage + 1 } }))
      .catch(error => error)
    t.ok(error instanceof VersionMismatchError)
    t.equal(error.afterLostAttempt, true)
    t.equal(server.requests.length, 3, 'read, lost, refused')
  }
})

t.test('a user whose deletion got no answer is deleted', async t => {
  const server = await fakeServer(t, (_, reply, nth) => {
    if (nth === 0) return reply.destroy()
    reply.writeHead(404, { 'content-type': 'application/problem+json' })
    reply.end(JSON.stringify({ status: 404, code: 'USER_NOT_FOUND', title: '', detail: 'no such user' }))
  })
  const client = openClient(t, server)
  await client.admin.deleteUser('42')
  await t.rejects(client.admin.deleteUser('42'), { code: 'USER_NOT_FOUND' })
})

t.test(
  'the tag of one user is never sent with the token of another, not even when it is tried again',
  async t => {
    let user = 'a'
    const server = await fakeServer(t, (_, reply, nth) => {
      if (nth !== 1) return json(reply, envelope(7, {}), { etag: '"7"' })
      user = 'b'
      return reply.destroy()
    })
    const own = openClient(t, server, { token: async () => user }).user()
    await own.get('settings')
    await own.get('settings')
    t.strictSame(
      server.requests.map(({ headers }) => [headers.authorization, headers['if-none-match']]),
      [
        ['Bearer a', undefined],
        ['Bearer a', '"7"'],
        ['Bearer a', '"7"'],
      ],
    )
  },
)
