import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { eventually, SERVICE, startGateway } from '../helper/gateway.ts'
import { answersIn, type RawAnswer } from '../helper/raw-http.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
/** Writes and full reads of settings wait here. */
let gate: Promise<void> | undefined
let reached = 0
const [databaseUrl, redis] = await Promise.all([createDatabase(t), startRedis(t)])
const gateway = await startGateway(
  t,
  { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, REQUEST_TIMEOUT_MS: '1000' },
  {
    step: async name => {
      if (name !== 'write.locked') return
      reached++
      await gate
    },
  },
)
const port = Number(new URL(gateway.url).port)
await eventually('it is ready', () => gateway.services.status.ready)

const GET = request('GET', SCALP)
const put = (leverage: number, ...more: string[]) =>
  request('PUT', SCALP, JSON.stringify({ size: { leverage } }), ...more)

function request(method: string, path: string, body = '', ...more: string[]): string {
  const typed = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]
  const auth = [`Authorization: ${SERVICE.authorization}`, 'X-User-Id: 42']
  return [`${method} ${path} HTTP/1.1`, 'Host: x', ...auth, ...typed, ...more, '', body].join('\r\n')
}

/** Writes wait at their locks until the returned function is called. */
function closeGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  gate = promise
  reached = 0
  return () => {
    gate = undefined
    resolve()
  }
}

interface Conversation {
  readonly socket: Socket
  readonly answers: () => RawAnswer[]
  readonly closed: Promise<void>
}

function talk(t: Test, bytes: string): Conversation {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  let text = ''
  socket.setEncoding('latin1').on('data', piece => {
    text += piece
  })
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.write(bytes)
  return { socket, answers: () => answersIn(text), closed }
}

const leverageOf = ({ body }: RawAnswer) => JSON.parse(body).data.size.leverage

t.beforeEach(async () => {
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 3 } } })
  // Known callers' reads of what the cache holds are answered in front of Fastify.
  for (let i = 0; i < 3; i++)
    await fetch(`${gateway.url}${SCALP}`, { headers: { ...SERVICE, 'x-user-id': '42' } })
})

t.test('a GET behind a PUT answers what was put', async t => {
  for (const get of [GET, request('GET', SCALP, '', 'Origin: x')]) {
    await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 3 } } })
    const open = closeGate()
    const { answers, socket, closed } = talk(t, `${put(7)}${get}${put(8)}${GET}`)
    await eventually('the first PUT has begun', () => reached === 1)
    // What another caller gets meanwhile shows that reads go on.
    const other = await gateway.as('42', { url: SCALP })
    t.equal(other.json().data.size.leverage, 3)
    t.equal(reached, 1, 'the second PUT waits for its turn')
    open()
    await eventually('all are answered', () => answers().length === 4)
    socket.destroy()
    await closed
    t.strictSame(answers().map(leverageOf), [7, 7, 8, 8])
  }
})

t.test('a GET behind a slow GET is not older', async t => {
  const { reads } = gateway.services
  const answer = reads.answer.bind(reads)
  const slow = Promise.withResolvers<void>()
  let asked = 0
  reads.answer = (...args) => {
    asked++
    void slow.promise.then(() => answer(...args))
  }
  // Behind Fastify and then in front of it.
  const { answers } = talk(t, `${request('GET', SCALP, '', 'Origin: x')}${GET}`)
  await eventually('the first one has begun', () => asked === 1)
  reads.answer = answer
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 9 } } })
  slow.resolve()
  await eventually('both are answered', () => answers().length === 2)
  t.strictSame(answers().map(leverageOf), [9, 9])
})

t.test('many requests on one connection, more than wait at once', async t => {
  const { answers } = talk(t, GET.repeat(500))
  await eventually('all are answered', () => answers().length === 500)
  t.ok(answers().every(({ status }) => status === 200))
})

t.test('what is malformed behind a PUT is answered behind it', async t => {
  const garbage = [
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
  ]
  for (const bad of garbage) {
    for (const before of [put(5), `${put(6)}${GET}`]) {
      const open = closeGate()
      const { answers, socket, closed } = talk(t, `${before}${bad}`)
      await eventually('the PUT has begun', () => reached === 1)
      // Each further piece is an error to the parser.
      socket.write('more nonsense\r\n\r\n')
      await gateway.as('42', { url: SCALP })
      t.strictSame(answers(), [])
      open()
      await closed
      const statuses = answers().map(({ status }) => status)
      t.strictSame(statuses.slice(0, -1), before.includes('GET') ? [200, 200] : [200])
      t.ok([400, 431].includes(statuses.at(-1)!), `${statuses}`)
      t.equal(leverageOf(answers()[0]!), before.includes('GET') ? 6 : 5)
    }
  }
})

t.test('what never ends behind a PUT takes nothing from it', async t => {
  const open = closeGate()
  const { answers, closed } = talk(t, `${put(4)}GET ${SCALP} HTTP/1.1\r\nX-Slow: `)
  await eventually('the PUT has begun', () => reached === 1)
  const half = talk(t, `${put(4)}${put(5).slice(0, -3)}`)
  const third = talk(t, `GET ${SCALP} HTTP/1.1\r\nHost: x\r\nX-Slow: `)
  // Ended by the same look of Node at what is too slow.
  await third.closed
  open()
  await Promise.all([closed, half.closed])
  t.strictSame(
    answers().map(({ status }) => status),
    [200, 408],
  )
  t.strictSame(
    half.answers().map(({ status }) => status),
    [200, 408],
  )
})

t.test('a body that breaks off is answered in its place', async t => {
  const chunked = put(5).replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
  const broken = chunked.replace(/\{.*/s, 'zz\r\n')
  const alone = talk(t, broken)
  await alone.closed
  t.strictSame(
    alone.answers().map(({ status }) => status),
    [400],
  )
  const open = closeGate()
  const { answers, closed } = talk(t, `${put(6)}${broken}`)
  await eventually('the PUT has begun', () => reached === 1)
  open()
  await closed
  t.strictSame(
    answers().map(({ status }) => status),
    [200, 400],
  )
})

t.test('what waited for a connection that is gone is never done', async t => {
  const open = closeGate()
  const { socket, closed } = talk(t, `${put(6)}${put(7)}`)
  await eventually('the first PUT has begun', () => reached === 1)
  socket.destroy()
  await closed
  open()
  await eventually('the first one is stored', async () => {
    return (await gateway.as('42', { url: SCALP })).json().data.size.leverage === 6
  })
  await gateway.as('42', { method: 'PUT', url: '/api/user/settings/trading', payload: {} })
  t.equal((await gateway.as('42', { url: SCALP })).json().data.size.leverage, 6)
})
