import { connect } from 'node:net'
import t from 'tap'
import { selectWholeUsers } from '../../src/store/statements/users.ts'
import { onServer } from '../helper/backends.ts'
import { eventually, startStack, type TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

/** What a careless or hostile caller of the export and the import does. */

const NDJSON = 'application/x-ndjson'

interface Answer {
  readonly line?: number
  readonly status?: string
  readonly done?: boolean
  readonly error?: string
  readonly errors?: readonly { path: string; message: string }[]
}

function answersIn(body: string): Answer[] {
  return body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

function post(gateway: TestGateway, payload: string, headers: Record<string, string> = {}) {
  return gateway.app.inject({
    method: 'POST',
    url: '/api/admin/import',
    headers: { ...ADMIN, 'content-type': NDJSON, ...headers },
    payload,
  })
}

const line = (user: string, data: object) =>
  `${JSON.stringify({ user_id: user, documents: { 'mode.scalp': data } })}\n`

t.test('only NDJSON is read, whatever else the gateway reads', async t => {
  const { gateway } = await startStack(t)
  for (const [type, body] of [
    ['application/json', '{"user_id":"1"}'],
    ['application/json', '[{"user_id":"1"}]'],
    ['text/plain', '{"user_id":"1"}'],
  ] as const) {
    const reply = await post(gateway, body, { 'content-type': type })
    t.equal(reply.statusCode, 415, `${type} ${body}: ${reply.body}`)
  }
  t.equal((await post(gateway, line('1', {}), { 'content-encoding': 'gzip' })).statusCode, 415)
  t.equal((await post(gateway, '', { 'content-type': `${NDJSON}; charset=utf-8` })).statusCode, 200)
})

t.test('a HEAD of the export reads nobody', async t => {
  let reads = 0
  const { gateway } = await startStack(t)
  await gateway.as('1', { url: '/api/user/settings' })
  const { transfer } = gateway.services
  const { exportUsers } = transfer
  transfer.exportUsers = only => {
    reads++
    return exportUsers.call(transfer, only)
  }
  const reply = await gateway.app.inject({ method: 'HEAD', url: '/api/admin/export', headers: ADMIN })
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], NDJSON)
  t.equal(reads, 0)
})

t.test('lines of one user are stored in their order', async t => {
  const { gateway } = await startStack(t)
  const lines = Array.from({ length: 12 }, (_, index) => line('1', { size: { leverage: 1 + index } }))
  const answers = answersIn((await post(gateway, lines.join(''))).body)
  t.match(answers.at(-1), { done: true, created: 1, updated: 11 })
  const reply = await gateway.as('1', { url: '/api/futures/ginie/modes/scalp' })
  t.equal(reply.json().data.size.leverage, 12)
})

t.test('a line of a hundred thousand faults names a few of them', async t => {
  const { gateway } = await startStack(t)
  const names = Array.from({ length: 100_000 }, (_, index) => `"f${index}":1`).join(',')
  for (const body of [
    `{"user_id":"1","documents":{${names}}}`,
    `{"user_id":"1",${names}}`,
    `{"user_id":"1","sequence":{${names}}}`,
    `{"user_id":"1","documents":{"mode.scalp":{${names}}}}`,
  ]) {
    const reply = await post(gateway, body)
    const [answer] = answersIn(reply.body)
    t.equal(answer!.status, 'refused')
    t.ok(reply.body.length < 64 * 1_024, `${reply.body.length} bytes`)
  }
})

t.test('a line may raise the counters of few days', async t => {
  const { gateway } = await startStack(t)
  const days = Array.from({ length: 31 }, (_, index) => [`202601${String(index + 1).padStart(2, '0')}`, 1])
  const reply = await post(gateway, JSON.stringify({ user_id: '1', sequence: Object.fromEntries(days) }))
  t.match(answersIn(reply.body)[0], { status: 'refused', errors: [{ path: 'sequence', message: /days/ }] })
})

t.test(
  'two imports of the same users at once: each line is stored once, and the second is unchanged',
  async t => {
    const { gateway } = await startStack(t)
    const body = Array.from({ length: 20 }, (_, index) => line(`u${index}`, { size: { leverage: 7 } })).join(
      '',
    )
    const replies = await Promise.all([post(gateway, body), post(gateway, body), post(gateway, body)])
    const all = replies.map(reply => answersIn(reply.body))
    for (const answers of all) t.equal(answers.at(-1)!.done, true)
    const created = all.flat().filter(({ status }) => status === 'created').length
    t.equal(created, 20)
  },
)

t.test('a user who is deleted meanwhile is there whole, or not at all', async t => {
  const { gateway } = await startStack(t)
  for (let round = 0; round < 5; round++) {
    await post(gateway, line('1', { size: { leverage: 5 } }))
    const [imported, deleted] = await Promise.all([
      post(gateway, line('1', { size: { leverage: 6 } })),
      gateway.app.inject({ method: 'DELETE', url: '/api/users/1', headers: ADMIN }),
    ])
    t.equal(deleted.statusCode, 204)
    t.match(answersIn(imported.body), [{ status: /created|updated/ }, { done: true }])
    const { body } = await gateway.app.inject({ url: '/api/admin/export?user_id=1', headers: ADMIN })
    if (body !== '') t.equal(Object.keys(JSON.parse(body).documents).length, 13)
  }
})

for (const framing of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
  t.test(`a caller who goes away in the middle of a body (${framing}) leaves nothing behind`, async t => {
    const { gateway } = await startStack(t)
    let open = 0
    const { transfer } = gateway.services
    const { importUsers } = transfer
    transfer.importUsers = async function* (...args) {
      open++
      try {
        yield* importUsers.apply(transfer, args)
      } finally {
        open--
      }
    }
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('error', () => {})
    const body = line('1', { size: { leverage: 9 } })
    socket.write(
      `POST /api/admin/import HTTP/1.1\r\nHost: x\r\nAuthorization: ${ADMIN.authorization}\r\n` +
        `Content-Type: ${NDJSON}\r\n${framing}\r\n\r\n${framing.includes('chunked') ? `${body.length.toString(16)}\r\n${body}\r\n` : body}`,
    )
    await eventually('the line is stored', async () => {
      const reply = await gateway.app.inject({ url: '/api/admin/export?user_id=1', headers: ADMIN })
      return reply.body !== ''
    })
    t.equal(open, 1)
    socket.destroy()
    await eventually('the import ends', () => open === 0)
  })
}

t.test(
  'a body beyond what may be in flight is read all the same: lines are let go when they are stored',
  async t => {
    const { gateway } = await startStack(t, { BODIES_IN_FLIGHT_BYTES: String(1024 * 1024) })
    const padding = JSON.stringify({ preferences: { note: 'x'.repeat(1_000) } })
    const count = 600
    const body = async function* () {
      for (let index = 0; index < count; index++)
        yield Buffer.from(`{"user_id":"no user!","documents":{"settings":${padding}}}\n`)
    }
    const reply = await fetch(`${gateway.url}/api/admin/import`, {
      method: 'POST',
      headers: { ...ADMIN, 'content-type': NDJSON },
      body: body(),
      duplex: 'half',
    } as unknown as RequestInit)
    t.equal(reply.status, 200)
    t.match(answersIn(await reply.text()).at(-1), { done: true, refused: count })
  },
)

t.test('users with documents of megabytes are read a few at a time', async t => {
  const { gateway } = await startStack(t)
  const note = 'x'.repeat(900_000)
  for (let index = 0; index < 12; index++) {
    const payload = { preferences: { note } }
    const reply = await gateway.as(`u${10 + index}`, { method: 'PUT', url: '/api/user/settings', payload })
    t.equal(reply.statusCode, 200)
  }
  const read = { after: '', users: 100, bytes: 4 * 1_024 * 1_024, only: undefined }
  const batch = await onServer(gateway.databaseUrl, client => selectWholeUsers(client, read))
  t.equal(batch.length, 5)
  const { body } = await gateway.app.inject({ url: '/api/admin/export', headers: ADMIN })
  t.equal(body.trimEnd().split('\n').length, 12)
})
