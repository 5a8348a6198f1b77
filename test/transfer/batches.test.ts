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
