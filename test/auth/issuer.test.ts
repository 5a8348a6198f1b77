import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createSigner } from 'fast-jwt'
import t from 'tap'
import { fetchKeys, IssuerUnavailableError } from '../../src/auth/fetch-keys.ts'
import { PublishedKeys } from '../../src/auth/published-keys.ts'
import { createDatabase } from '../helper/backends.ts'
import { startGateway } from '../helper/gateway.ts'
import { serveIssuer } from './jwks.ts'

/** An issuer that is away, slow, or talks nonsense; and tokens that name keys that do not exist. */

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (kid: string, key: KeyObject = publicKey) => ({
  ...key.export({ format: 'jwk' }),
  kid,
  use: 'sig',
})
const MINUTE_MS = 60_000

/** Keys over an issuer and a clock that the test moves. */
function keysByHand(published: object[] | Error) {
  const state = { published, now: 0, asked: 0, slept: 0 }
  const keys = new PublishedKeys(new URL('http://unused'), {
    now: () => state.now,
    sleep: async ms => {
      state.slept += ms
      state.now += ms
    },
    fetch: async () => {
      state.asked++
      if (state.published instanceof Error) throw state.published
      return state.published
    },
  })
  return { state, keys }
}

t.test('known keys work on while the issuer is away, for a day', async t => {
  const { state, keys } = keysByHand([jwk('one')])
  const key = await keys.find('one')
  t.match(key, { algorithm: 'ES256' })
  state.published = new Error('away')
  state.now = 9 * MINUTE_MS
  t.equal(await keys.find('one'), key)
  t.equal(state.asked, 1, 'fresh')
  for (let minutes = 11; minutes < 24 * 60; minutes += 30) {
    state.now = minutes * MINUTE_MS
    t.equal(await keys.find('one'), key)
  }
  state.now = 24 * 60 * MINUTE_MS + 1
  await t.rejects(keys.find('one'), IssuerUnavailableError)
  state.published = [jwk('two')]
  state.now += MINUTE_MS
  t.equal(await keys.find('one'), undefined, 'withdrawn')
  t.match(await keys.find('two'), { algorithm: 'ES256' })
})

t.test('while it is away it is asked now and then, and nobody waits for it', async t => {
  const { state, keys } = keysByHand(new Error('away'))
  const kids = Array.from({ length: 50 }, (_, i) => `kid-${i}`)
  for (const outcome of await Promise.allSettled(kids.map(kid => keys.find(kid)))) {
    t.match(outcome, { status: 'rejected', reason: { name: 'IssuerUnavailableError' } })
  }
  for (const kid of kids) await t.rejects(keys.find(kid))
  t.equal(state.asked, 1)
  t.equal(state.slept, 0)
  state.now += 5_000
  state.published = [jwk('kid-7')]
  t.ok(await keys.find('kid-7'), 'it is not taken for unknown')
})

t.test(
  'names of keys that do not exist: one question at a time, one a second, one per name in ten',
  async t => {
    const { state, keys } = keysByHand([jwk('one')])
    await keys.find('one')
    for (let i = 0; i < 20; i++) t.equal(await keys.find('ghost'), undefined)
    t.equal(state.asked, 2)
    await Promise.all(Array.from({ length: 200 }, (_, i) => keys.find(`ghost-${i}`)))
    t.equal(state.asked, 3)
    t.equal(await keys.find('x'.repeat(10_000)), undefined)
    t.equal(state.asked, 3, 'no honest name is so long')
    t.equal(await keys.find('one').then(key => key?.algorithm), 'ES256')
    state.now += 10_000
    state.published = [jwk('one'), jwk('ghost')]
    t.ok(await keys.find('ghost'), 'a key that was published meanwhile')
  },
)

t.test('what a list of keys may hold', async t => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
  const { keys } = keysByHand([
    null as unknown as object,
    { kty: 'RSA', kid: 'broken', n: 'x' },
    { ...jwk('encrypts'), use: 'enc' },
    { ...jwk('other'), alg: 'RS256' },
    jwk('p384', p384),
    { kty: 'oct', kid: 'secret', k: 'c2VjcmV0' },
    { ...jwk('nameless'), kid: undefined },
    jwk('rsa', rsa),
  ])
  t.match(await keys.find('rsa'), { algorithm: 'RS256' })
  for (const kid of ['broken', 'encrypts', 'other', 'p384', 'secret', 'nameless', 'undefined'])
    t.equal(await keys.find(kid), undefined, kid)
})

const NONSENSE: Readonly<Record<string, RequestListener>> = {
  'a 500': (_request, reply) => reply.writeHead(500).end('{"keys":[]}'),
  'a 204': (_request, reply) => reply.writeHead(204).end(),
  'a redirect': (_request, reply) => reply.writeHead(302, { location: '/elsewhere' }).end(),
  'no JSON': (_request, reply) => reply.end('<html>'),
  null: (_request, reply) => reply.end('null'),
  'keys that are no list': (_request, reply) => reply.end('{"keys":{"0":1}}'),
  'too much': (_request, reply) => {
    const chunk = Buffer.alloc(64 * 1_024, ' ')
    const more = () => {
      while (!reply.destroyed && reply.write(chunk));
      reply.once('drain', more)
    }
    more()
  },
  'a connection that breaks': (_request, reply) => reply.destroy(),
  'half an answer': (_request, reply) => {
    reply.writeHead(200, { 'content-length': '100' }).write('{"keys":')
    setImmediate(() => reply.destroy())
  },
}

t.test('answers that are none', async t => {
  const issuer = await serveIssuer(t, () => {})
  for (const [name, answer] of Object.entries(NONSENSE)) {
    issuer.answer = answer
    await t.rejects(fetchKeys(issuer.url), name)
  }
  const silent = ['nothing', 'a head and no body'].map(async name => {
    issuer.answer = (_request, reply) => void (name === 'nothing' || reply.writeHead(200).flushHeaders())
    await t.rejects(fetchKeys(issuer.url), name)
  })
  await Promise.all(silent)
})

t.test('the gateway says 503, not 401, and counts no guess; who was known goes on', async t => {
  const issuer = await serveIssuer(t, (_request, reply) => reply.writeHead(500).end())
  const gateway = await startGateway(t, {
    DATABASE_URL: await createDatabase(t),
    JWKS_URL: issuer.url.href,
    AUTH_FAILURES_MAX: '2',
  })
  const token = (kid: string, sub = '42') => ({
    authorization: `Bearer ${createSigner({
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      algorithm: 'ES256',
      kid,
      expiresIn: 3_600_000,
    })({ sub })}`,
  })
  const ask = (headers: { authorization: string }) =>
    gateway.app.inject({ url: '/api/futures/ginie/modes/scalp', headers })
  for (let i = 0; i < 5; i++) {
    const reply = await ask(token(`kid-${i}`))
    t.equal(reply.statusCode, 503)
    t.match(reply.json(), { code: 'ISSUER_UNAVAILABLE' })
    t.ok(Number(reply.headers['retry-after']) > 0)
  }
  t.equal(issuer.asked, 1)
  t.equal((await ask({ authorization: 'Bearer nonsense' })).statusCode, 401, 'no key would make it right')
})
