import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  AccessError,
  type FallbackOptions,
  UnavailableError,
  UnreachableError,
} from '../../src/client/client.ts'
import { type Scope, temporaryDirectory } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { type FakeServer, fakeServer, json, problem } from './fake-server.ts'
import { openClient } from './open-client.ts'

const envelope = (version: number) => ({ version, updated_at: '2026-01-06T12:00:00.000Z', data: { version } })
const MINUTE = 60_000
const MEMORY: FallbackOptions = { memory: true, maxAgeMs: MINUTE }

/** A gateway that answers version 7, or as `away` says. */
async function gateway(t: Scope) {
  const state = { away: 'no' as 'no' | 'gone' | 'silent' | number, version: 7, unverified: false }
  const server = await fakeServer(t, (request, reply) => {
    if (state.away === 'gone') return reply.destroy()
    if (state.away === 'silent') return
    if (state.away !== 'no') return problem(reply, state.away, 'CODE')
    const etag = `"${state.version}"`
    const status = `settings-gateway; hit${state.unverified ? '; detail=unverified' : ''}`
    if (request.headers['if-none-match'] === etag) {
      return void reply.writeHead(304, { etag, 'cache-status': status }).end()
    }
    json(reply, envelope(state.version), { etag, 'cache-status': status })
  })
  return { server, state }
}

const connect = (t: Scope, server: Pick<FakeServer, 'url'>, fallback: FallbackOptions, token = 'token') =>
  openClient(t, server, { token, fallback, retries: 0, timeoutMs: 60_000 })

t.test('reads resolve with the last known settings while nothing answers', async t => {
  const { server, state } = await gateway(t)
  const user = connect(t, server, MEMORY).user('42')
  const fresh = await user.get('llm_config')
  t.match(fresh, { unverified: false, value: { version: 7 } })
  t.notOk('ageMs' in fresh)
  for (const away of ['gone', 502, 503, 504] as const) {
    state.away = away
    const known = await user.get('llm_config')
    t.match(known, { unverified: true, unchanged: false, etag: '"7"', cacheStatus: '' })
    t.ok(known.ageMs! >= 0 && known.ageMs! < MINUTE)
    t.equal(known.value, fresh.value, 'the same frozen object')
  }
  state.away = 'no'
  t.match(await user.get('llm_config'), { unverified: false, unchanged: true })
})

t.test('a time limit of the caller counts as one, an abort does not', async t => {
  const { server, state } = await gateway(t)
  const user = connect(t, server, MEMORY).user('42')
  await user.get('llm_config')
  state.away = 'silent'
  const known = await user.get('llm_config', { signal: AbortSignal.timeout(20) })
  t.match(known, { unverified: true, value: { version: 7 } })
  const unknown = user.get('circuit_breaker', { signal: AbortSignal.timeout(20) })
  await t.rejects(unknown, { name: 'TimeoutError' })
  state.away = 'gone'
  const reason = new Error('the cycle is over')
  const aborted = user.get('llm_config', { signal: AbortSignal.abort(reason) })
  t.equal(await aborted.catch(error => error), reason)
})

t.test('an answer of the gateway is an answer', async t => {
  const { server, state } = await gateway(t)
  const user = connect(t, server, MEMORY).user('42')
  await user.get('llm_config')
  for (const away of [400, 401, 403, 404, 429, 500]) {
    state.away = away
    t.match(await user.get('llm_config').catch(error => error), { status: away })
  }
  state.away = 401
  await t.rejects(user.get('llm_config'), AccessError)
})

t.test('writes, order numbers and all other reads reject', async t => {
  const { server, state } = await gateway(t)
  const client = connect(t, server, MEMORY)
  const user = client.user('42')
  await user.decisionSettings()
  state.away = 503
  await t.rejects(user.put('llm_config', {}), UnavailableError)
  await t.rejects(user.put('llm_config', {}, { ifMatch: 7 }), UnavailableError)
  await t.rejects(user.nextSequence(), UnavailableError)
  await t.rejects(user.nextSequence({ idempotencyKey: 'a' }), UnavailableError)
  await t.rejects(user.lastSequence(), UnavailableError)
  await t.rejects(user.loadDefaults('all'), UnavailableError)
  await t.rejects(user.rollback('llm_config', 1), UnavailableError)
  await t.rejects(
    user.update('llm_config', () => ({})),
    UnavailableError,
  )
  await t.rejects(user.history('llm_config'), UnavailableError)
  await t.rejects(user.decisionSettings({ at: new Date() }), UnavailableError)
  await t.rejects(user.comparison(), UnavailableError)
  await t.rejects(user.exchange.get('orders'), UnavailableError)
  await t.rejects(client.admin.defaults(), UnavailableError)
})

t.test('by user, by token, by route; and no older than maxAgeMs', async t => {
  const { server, state } = await gateway(t)
  const client = connect(t, server, MEMORY)
  await client.user('42').get('llm_config')
  await client.user().get('llm_config')
  const strict = connect(t, server, { memory: true, maxAgeMs: 0 }).user('42')
  await strict.get('llm_config')
  const now = performance.now()
  await eventually('a moment has gone by', () => performance.now() > now + 2)
  state.away = 'gone'
  t.match(await client.user('42').get('llm_config'), { unverified: true })
  t.match(await client.user().get('llm_config'), { unverified: true })
  await t.rejects(client.user('43').get('llm_config'), UnreachableError)
  await t.rejects(client.user('42').get('circuit_breaker'), UnreachableError)
  await t.rejects(client.user('42').decisionSettings({ mode: 'scalp' }), UnreachableError)
  await t.rejects(strict.get('llm_config'), UnreachableError)
  t.throws(
    () => connect(t, server, { memory: true } as never),
    TypeError,
    'maxAgeMs is the decision of the caller',
  )
})

t.test('a write of our own is never taken back', async t => {
  const { server, state } = await gateway(t)
  const user = connect(t, server, MEMORY).user('42')
  await user.get('llm_config')
  await user.decisionSettings()
  await user.put('llm_config', { enabled: false })
  state.away = 'gone'
  await t.rejects(user.get('llm_config'), UnreachableError)
  await t.rejects(user.decisionSettings(), UnreachableError)
})

t.test('what the gateway could not confirm does not count as confirmed', async t => {
  const { server, state } = await gateway(t)
  const user = connect(t, server, { memory: true, maxAgeMs: MINUTE }).user('42')
  state.unverified = true
  await user.get('llm_config')
  state.unverified = false
  state.version = 8
  await user.get('llm_config')
  state.unverified = true
  state.version = 7
  t.match(await user.get('llm_config'), { unverified: true, value: { version: 7 } })
  state.away = 'gone'
  t.match(
    await user.get('llm_config'),
    { unverified: true, value: { version: 8 } },
    'the last that was confirmed',
  )
})

t.test('memory is bounded: the users that were read last', async t => {
  const { server, state } = await gateway(t)
  const client = connect(t, server, { memory: true, maxAgeMs: MINUTE, maxUsers: 2 })
  for (const id of ['1', '2', '1', '3']) await client.user(id).get('llm_config')
  state.away = 'gone'
  await client.user('1').get('llm_config')
  await client.user('3').get('llm_config')
  await t.rejects(client.user('2').get('llm_config'), UnreachableError)
})

t.test('from the file of an earlier process', async t => {
  const { server, state } = await gateway(t)
  const file = join(temporaryDirectory(t), 'not/there/yet/settings')
  const fallback: FallbackOptions = { file, maxAgeMs: MINUTE }
  const first = connect(t, server, fallback, 'a secret token')
  await first.user('42').decisionSettings()
  await first.user().get('llm_config')
  await eventually('the file is there without closing', () => existsSync(file))
  await first.close()
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.notMatch(readFileSync(file, 'utf8'), 'a secret token')
  state.away = 'gone'
  const second = connect(t, server, fallback, 'a secret token')
  const known = await second.user('42').decisionSettings()
  t.match(known, { unverified: true, etag: '"7"', value: { version: 7 } })
  t.ok(known.ageMs! >= 0)
  t.ok(Object.isFrozen(known.value))
  t.match(await second.user().get('llm_config'), { unverified: true })
  await t.rejects(connect(t, server, fallback, 'another token').user().get('llm_config'), UnreachableError)
  await t.rejects(
    connect(t, { url: 'http://127.0.0.1:1' }, fallback).user('42').decisionSettings(),
    UnreachableError,
    'another gateway',
  )
  state.away = 'no'
  await second.user('42').put('llm_config', {})
  await second.close()
  state.away = 'gone'
  await t.rejects(
    connect(t, server, fallback).user('42').decisionSettings(),
    UnreachableError,
    'after a write',
  )
})

t.test('a broken file is ignored, an altered line too, and one that cannot be written is told', async t => {
  const { server, state } = await gateway(t)
  const directory = temporaryDirectory(t)
  const file = join(directory, 'settings')
  const fallback: FallbackOptions = { file, maxAgeMs: MINUTE }
  const first = connect(t, server, fallback)
  await first.user('42').get('llm_config')
  await first.close()
  const whole = readFileSync(file, 'utf8')
  state.away = 'gone'
  const broken = [
    '',
    '\0',
    '{}',
    whole.slice(0, -20),
    whole.replace(':7,', ':9,'),
    whole.replace('updated_at', 'updated_by'),
    '[]\n[]',
  ]
  for (const text of broken) {
    writeFileSync(file, text)
    await t.rejects(connect(t, server, fallback).user('42').get('llm_config'), UnreachableError)
  }
  writeFileSync(file, whole.replace(/"confirmed":\d+/, '"confirmed":9e15'))
  await t.rejects(
    connect(t, server, fallback).user('42').get('llm_config'),
    UnreachableError,
    'of the future',
  )
  writeFileSync(file, whole)
  await connect(t, server, fallback).user('42').get('llm_config')
  state.away = 'no'
  const told: unknown[] = []
  const blocked = connect(t, server, {
    file: join(file, 'below a file'),
    maxAgeMs: MINUTE,
    onError: error => told.push(error),
  })
  t.match(await blocked.user('42').get('llm_config'), { unverified: false })
  await blocked.close()
  t.ok(told.length > 0)
})
