import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { Scope } from '../helper/backends.ts'
import { SERVICE_TOKEN, startStack } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'
import { fakeServer, problem } from './fake-server.ts'
import { openClient } from './open-client.ts'

const ADMIN_TOKEN = bearer('7', 'admin').authorization.slice('Bearer '.length)

const connect = (t: Scope, url: string, token = ADMIN_TOKEN) => openClient(t, { url }, { token })

t.test('users are imported, listed and exported', async t => {
  const { gateway } = await startStack(t)
  const { admin } = connect(t, gateway.url)
  let given = 0
  const users = async function* () {
    for (let index = 0; index < 250; index++) {
      given++
      const documents = { 'mode.scalp': { size: { leverage: index === 7 ? 1_000 : 5 } } }
      yield { user_id: `u${String(index).padStart(3, '0')}`, documents }
    }
  }
  const outcomes = admin.importUsers(users())
  t.match((await outcomes.next()).value, { line: 1, user_id: 'u000', status: 'created' })
  t.ok(given <= 100, `${given} users were taken for the first outcome`)
  let last = await outcomes.next()
  for (let line = 2; last.done !== true; line++, last = await outcomes.next()) {
    t.equal(last.value.line, line)
    if (line === 8) t.match(last.value, { status: 'refused', errors: [{ path: /leverage/ }] })
  }
  t.strictSame(last.value, { created: 249, updated: 0, unchanged: 0, refused: 1 })

  const page = await admin.users({ prefix: 'u', where: ['mode.scalp:size.leverage=5'], limit: 2 })
  t.match(page, { users: [{ user_id: 'u000', documents: 13 }, { user_id: 'u001' }], next: String })
  const next = await connect(t, gateway.url, SERVICE_TOKEN).admin.users({ limit: 1, cursor: page.next! })
  t.match(next.users, [{ user_id: 'u002' }])

  let count = 0
  for await (const { documents } of admin.exportUsers()) count += Object.keys(documents).length
  t.equal(count, 249 * 13)
  for await (const user of admin.exportUsers({ userId: 'u003' })) t.match(user, { user_id: 'u003' })
  for await (const { user_id } of admin.exportUsers()) {
    t.equal(user_id, 'u000')
    break
  }
  await t.rejects(connect(t, gateway.url, SERVICE_TOKEN).admin.exportUsers().next(), { code: 'FORBIDDEN' })
  await t.rejects(admin.exportUsers({ signal: AbortSignal.abort(new Error('enough')) }).next(), /enough/)
})

t.test('users without an answer are sent again', async t => {
  const { url, requests } = await fakeServer(t, (_request, reply, nth) => {
    if (nth === 0) return problem(reply, 503, 'NOT_READY')
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const outcome = `{"line":1,"user_id":"${nth}","status":"created","changes":0}\n`
    if (nth === 1) reply.end(`${outcome}{"done":false,"error":"the database is not reachable"}\n`)
    else if (nth === 2) reply.write(outcome, () => reply.destroy())
    else reply.end(`${outcome}{"done":true}\n`)
  })
  const { admin } = connect(t, url)
  const outcomes = admin.importUsers([{ user_id: '1' }, { user_id: '2' }, { user_id: '3' }])
  const lines: [number, string | null][] = []
  for await (const { line, user_id } of outcomes) lines.push([line, user_id])
  t.strictSame(lines, [
    [1, '1'],
    [2, '2'],
    [3, '3'],
  ])
  t.equal(requests.length, 4)
})

t.test('an export that breaks off is no end', async t => {
  const { url } = await fakeServer(t, (_request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    reply.write('{"user_id":"1","documents":{},"sequence":{}}\n', () => reply.destroy())
  })
  const users = connect(t, url).admin.exportUsers()
  t.match((await users.next()).value, { user_id: '1' })
  await t.rejects(users.next(), { name: 'UnreachableError' })
})

t.test('an export that falls silent is given up, a caller who takes time is not', async t => {
  const { url } = await fakeServer(t, (_request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    reply.write(
      '{"user_id":"1","documents":{},"sequence":{}}\n{"user_id":"2","documents":{},"sequence":{}}\n',
    )
  })
  const users = connect(t, url).admin.exportUsers({ silenceMs: 700 })
  t.match((await users.next()).value, { user_id: '1' })
  await setTimeout(1_000)
  t.match((await users.next()).value, { user_id: '2' })
  await t.rejects(users.next(), { name: 'UnreachableError' })
})
