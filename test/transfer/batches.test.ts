import t from 'tap'
import { sendLines } from '../../src/commands/transfer/batches.ts'
import { GatewayAdmin } from '../../src/commands/transfer/gateway.ts'
import { fakeServer, problem } from '../client/fake-server.ts'

const outcome = (line: number, userId: string) =>
  `{"line":${line},"user_id":"${userId}","status":"created"}\n`

t.test('lines that got no answer are sent again, and only those', async t => {
  const bodies: string[] = []
  const { url } = await fakeServer(t, (request, reply, nth) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      bodies.push(body)
      if (nth === 0) return problem(reply, 503, 'NOT_READY', { 'retry-after': '1' })
      reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
      if (nth === 1) reply.end(`${outcome(1, 'a')}{"done":false,"error":"the database is not reachable"}\n`)
      else if (nth === 2) reply.write(outcome(1, 'b'), () => reply.destroy())
      else reply.end(`${outcome(1, 'c')}${outcome(2, 'd')}{"done":true}\n`)
    })
  })
  const gateway = new GatewayAdmin(url, 'token')
  t.teardown(() => gateway.close())
  const lines = async function* () {
    for (const line of ['a', 'b', 'c', 'd']) yield { line, about: line }
  }
  const seen: string[] = []
  for await (const { about, outcome } of sendLines(gateway, lines(), '')) {
    t.equal(outcome.user_id, about)
    seen.push(about)
  }
  t.strictSame(seen, ['a', 'b', 'c', 'd'])
  t.strictSame(bodies, ['a\nb\nc\nd\n', 'a\nb\nc\nd\n', 'b\nc\nd\n', 'c\nd\n'])
})

t.test('what will not change is not tried again', async t => {
  const { url, requests } = await fakeServer(t, (_request, reply) => problem(reply, 403, 'FORBIDDEN'))
  const gateway = new GatewayAdmin(url, 'token')
  t.teardown(() => gateway.close())
  const lines = async function* () {
    yield { line: 'a', about: 'a' }
  }
  const send = async () => {
    for await (const _ of sendLines(gateway, lines(), '')) t.fail('there is no outcome')
  }
  await t.rejects(send(), { message: 'the gateway answered 403: FORBIDDEN' })
  t.equal(requests.length, 1)
})

t.test('a file goes in few requests, and is read no faster than the gateway answers', async t => {
  const LINE = 'x'.repeat(1_024 * 1_024)
  let read = 0
  const { url, requests } = await fakeServer(t, (request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    let bytes = 0
    let line = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      for (; bytes > LINE.length; bytes -= LINE.length + 1) reply.write(outcome(++line, 'a'))
    })
    request.on('end', () => reply.end('{"done":true}\n'))
  })
  const gateway = new GatewayAdmin(url, 'token')
  t.teardown(() => gateway.close())
  const lines = async function* () {
    for (; read < 40; read++) yield { line: LINE, about: read }
  }
  let answered = 0
  let most = 0
  for await (const { about } of sendLines(gateway, lines(), '')) {
    t.equal(about, answered++)
    most = Math.max(most, read - answered)
  }
  t.equal(answered, 40)
  t.ok(requests.length < 40)
  t.ok(most < 30, `${most} lines were read ahead`)
})

t.test('a file that cannot be read any more ends the import with its fault', async t => {
  const { url } = await fakeServer(t, (request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    request.on('data', () => {}).on('end', () => reply.end(`${outcome(1, 'a')}{"done":true}\n`))
  })
  const gateway = new GatewayAdmin(url, 'token')
  t.teardown(() => gateway.close())
  const lines = async function* () {
    yield { line: 'a', about: 'a' }
    throw new Error('the disk is gone')
  }
  const answered: string[] = []
  const send = async () => {
    for await (const { about } of sendLines(gateway, lines(), '')) answered.push(about)
  }
  await t.rejects(send(), { message: 'the disk is gone' })
  t.strictSame(answered, ['a'], 'what was read before has its answer')
})
