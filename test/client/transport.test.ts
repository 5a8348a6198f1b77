import t from 'tap'
import type { ClientOptions } from '../../src/client/client.ts'
import {
  RateLimitedError,
  UnavailableError,
  UnreachableError,
  VersionMismatchError,
} from '../../src/client/client.ts'
import type { Scope } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { type FakeServer, fakeServer, json, problem } from './fake-server.ts'
import { openClient } from './open-client.ts'

const ENVELOPE = { version: 1, updated_at: '2026-01-06T12:00:00.000Z', data: {} }

const userOf = (t: Scope, server: Pick<FakeServer, 'url'>, options?: Partial<ClientOptions>) =>
  openClient(t, server, options).user('42')

t.test('one connection is kept for requests one after the other', async t => {
  const server = await fakeServer(t, (_, reply) => json(reply, ENVELOPE))
  const user = userOf(t, server)
  for (let i = 0; i < 5; i++) await user.get('llm_config')
  t.equal(server.requests.length, 5)
  // The pool may open another while it has not noticed yet that the first is free.
  t.ok(server.connections() <= 2)
  t.match(server.requests[0]!.headers, { authorization: 'Bearer token', 'x-user-id': '42' })
})

t.test('a gateway below a path', async t => {
  const server = await fakeServer(t, (_, reply) => json(reply, ENVELOPE))
  await userOf(t, { url: `${server.url}/settings/` }).get('llm_config')
  t.equal(server.requests[0]!.url, '/settings/api/futures/ginie/llm-config')
})

t.test('what is safe is sent again', async t => {
  const lossy = (reply: (nth: number) => 'lost' | 'busy' | 'answered') =>
    fakeServer(t, (_, response, nth) => {
      const what = reply(nth)
      if (what === 'lost') response.destroy()
      else if (what === 'busy') problem(response, 503, 'DATABASE_UNAVAILABLE')
      else json(response, ENVELOPE)
    })
  const twice = await lossy(nth => (['lost', 'busy', 'answered'] as const)[nth]!)
  await userOf(t, twice).get('llm_config')
  t.equal(twice.requests.length, 3)
  const guarded = await lossy(nth => (nth === 0 ? 'lost' : 'answered'))
  await userOf(t, guarded).put('llm_config', {}, { ifMatch: 1 })
  t.equal(guarded.requests.length, 2)
  t.equal(guarded.requests[1]!.headers['if-match'], '"1"')
  const keyed = await lossy(nth => (nth === 0 ? 'lost' : 'answered'))
  await userOf(t, keyed).nextSequence({ idempotencyKey: 'order-1' })
  t.strictSame(
    keyed.requests.map(({ headers }) => headers['idempotency-key']),
    ['order-1', 'order-1'],
  )
  const dead = await lossy(() => 'lost')
  await t.rejects(userOf(t, dead, { retries: 3 }).get('llm_config'), UnreachableError)
  t.equal(dead.requests.length, 4)
})

t.test('what is not safe is sent once', async t => {
  for (const lose of [true, false]) {
    const server = await fakeServer(t, (_, reply) =>
      lose ? reply.destroy() : problem(reply, 503, 'COMMIT_UNKNOWN'),
    )
    const user = userOf(t, server)
    const wanted = lose ? UnreachableError : UnavailableError
    await t.rejects(user.nextSequence(), wanted)
    await t.rejects(user.put('llm_config', { enabled: true }), wanted)
    await t.rejects(user.rollback('llm_config', 1), wanted)
    await t.rejects(user.loadDefaults('all'), wanted)
    await t.rejects(user.exchange.put('orders', []), wanted)
    t.equal(server.requests.length, 5)
  }
})

t.test('answers that will not change are not asked for again', async t => {
  const server = await fakeServer(t, (request, reply) =>
    request.method === 'PUT'
      ? problem(reply, 412, 'VERSION_MISMATCH')
      : problem(reply, 429, 'RATE_LIMITED', { 'retry-after': '30' }),
  )
  const user = userOf(t, server)
  await t.rejects(user.put('llm_config', {}, { ifMatch: 1 }), VersionMismatchError)
  const limited = await user.get('llm_config').catch(error => error)
  t.ok(limited instanceof RateLimitedError)
  t.equal(limited.retryAfterSeconds, 30, 'nobody waits that long')
  t.equal(server.requests.length, 2)
})

t.test('time limits and AbortSignal', async t => {
  const server = await fakeServer(t, () => {})
  const impatient = userOf(t, server, { timeoutMs: 300, retries: 0 })
  const late: Error = await impatient.get('llm_config').catch(error => error)
  t.ok(late instanceof UnreachableError)
  t.match(late.message, 'did not answer within 300 ms')
  const controller = new AbortController()
  const reason = new Error('the cycle is over')
  const pending = userOf(t, server).get('llm_config', { signal: controller.signal })
  await eventually('it has arrived', () => server.requests.length === 2)
  controller.abort(reason)
  t.equal(await pending.catch(error => error), reason)
  t.equal(await impatient.get('llm_config', { signal: controller.signal }).catch(error => error), reason)
  t.equal(server.requests.length, 2, 'what is aborted before is not sent')
})

t.test('a pause before a retry ends with the signal', async t => {
  const controller = new AbortController()
  const server = await fakeServer(t, (_, reply) => {
    problem(reply, 503, 'NOT_READY', { 'retry-after': '2' })
    setImmediate(() => controller.abort(new Error('over')))
  })
  await t.rejects(userOf(t, server).get('llm_config', { signal: controller.signal }), /over|NOT_READY/)
  t.equal(server.requests.length, 1)
})

t.test("a proxy's own answer is an error like any other", async t => {
  const server = await fakeServer(t, (_, reply) => {
    reply.writeHead(502, { 'content-type': 'text/html' })
    reply.end('<h1>Bad gateway</h1>')
  })
  await t.rejects(userOf(t, server, { retries: 1 }).get('llm_config'), {
    status: 502,
    code: 'INTERNAL_ERROR',
  })
  t.equal(server.requests.length, 2)
})

t.test('nothing listens', async t => {
  await t.rejects(
    userOf(t, { url: 'http://127.0.0.1:1' }, { retries: 0 }).get('llm_config'),
    UnreachableError,
  )
})

t.test('unhealthy is an answer', async t => {
  const server = await fakeServer(t, (_, reply) => {
    reply.writeHead(503, { 'content-type': 'application/json' })
    reply.end('{"status":"unhealthy"}')
  })
  const client = openClient(t, server)
  t.strictSame(await client.health(), { status: 'unhealthy' })
})
