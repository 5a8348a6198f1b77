import t, { type Test } from 'tap'
import { DatabaseUnavailableError } from '../../../src/consistency/store-port.ts'
import { PLAIN_READS } from '../../../src/http/reads/table.ts'
import { eventually, SERVICE, startStack, type TestGateway } from '../../helper/gateway.ts'
import { bearer } from '../../helper/tokens.ts'
import { BOT, countBehind, get, HIT, ORIGIN, SCALP, untilHit } from './get.ts'

/** What may make another answer of the same address. */
const VARY = 'Authorization, X-User-Id, Origin'

/** The answers of both doors to the same read. */
async function answersTo(gateway: TestGateway, url: string) {
  const behind = await get(gateway, url, { ...BOT, ...ORIGIN })
  const known = { ...BOT, 'if-none-match': String(behind.headers.etag) }
  return {
    behind,
    inFront: await get(gateway, url),
    head: await get(gateway, url, BOT, 'HEAD'),
    knownBehind: await get(gateway, url, { ...known, ...ORIGIN }),
    knownInFront: await get(gateway, url, known),
    knownHead: await get(gateway, url, known, 'HEAD'),
  }
}

/** The same when all of them are hits: a machine too busy to renew the lease reads from the database. */
async function hitsOf(gateway: TestGateway, url: string) {
  let answers = await answersTo(gateway, url)
  await eventually('all are hits', async () => {
    if (Object.values(answers).every(({ headers }) => headers['cache-status'] === HIT)) return true
    answers = await answersTo(gateway, url)
    return false
  })
  return answers
}

t.test('every read in front of Fastify is answered as behind it', async t => {
  const { gateway } = await startStack(t)
  for (const { url } of PLAIN_READS) {
    const { behind, inFront, head, knownBehind, knownInFront, knownHead } = await hitsOf(gateway, url)
    t.match(behind, { status: 200, headers: { vary: VARY } }, url)
    t.strictSame({ ...inFront, id: '' }, { ...behind, id: '' }, url)
    t.not(inFront.id, behind.id)
    t.strictSame({ ...head, id: '' }, { ...behind, id: '', body: '' }, `HEAD ${url}`)
    t.match(knownBehind, { status: 304, body: '', headers: { vary: VARY } }, `${url}, 304`)
    t.strictSame({ ...knownInFront, id: '' }, { ...knownBehind, id: '' }, `${url}, 304`)
    t.strictSame({ ...knownHead, id: '' }, { ...knownBehind, id: '' }, `HEAD ${url}, 304`)
    const behindSoFar = countBehind(t)
    await get(gateway, url)
    t.equal(behindSoFar(), 0, `${url} is answered in front`)
    await get(gateway, url, { ...BOT, ...ORIGIN })
    t.equal(behindSoFar(), 1, `${url} is answered behind`)
  }
})

t.test('CORS: what the hook has set is in the answers', async t => {
  const { gateway } = await startStack(t, { CORS_ORIGINS: 'https://ui.example' })
  const fromUi = { ...BOT, origin: 'https://ui.example' }
  const { status, headers } = await get(gateway, SCALP, fromUi)
  t.equal(status, 200)
  const cors = { 'access-control-allow-origin': 'https://ui.example', vary: VARY }
  t.match(headers, { ...cors, 'access-control-expose-headers': /ETag/ })
  t.match(await get(gateway, SCALP, { ...fromUi, 'if-none-match': String(headers.etag) }), {
    status: 304,
    headers: cors,
  })
  gateway.services.reads.answer = (_actor, _read, _known, onAnswer) =>
    onAnswer(new DatabaseUnavailableError('away'), undefined)
  t.match(await get(gateway, SCALP, fromUi), {
    status: 503,
    headers: { 'access-control-allow-origin': 'https://ui.example' },
  })
})

t.test('the caller names the request, and every answer is counted', async t => {
  const { gateway } = await startStack(t)
  await untilHit(gateway, SCALP)
  const count = async () => {
    const { body } = await gateway.app.inject({ url: '/metrics' })
    const of = (pattern: RegExp) => Number(pattern.exec(body)?.[1] ?? 0)
    return {
      requests: of(/seconds_count\{method="GET",route="[^"]*modes\/:mode",status="200"\} (\d+)/),
      hits: of(/settings_reads_total\{status="hit"\} (\d+)/),
    }
  }
  const before = await count()
  let hits = 0
  for (let i = 0; i < 5; i++) {
    const reply = await get(gateway, SCALP, { ...BOT, 'x-request-id': `mine-${i}` })
    t.equal(reply.id, `mine-${i}`)
    // A machine too busy to renew the lease reads from the database.
    if (reply.headers['cache-status'] === HIT) hits++
  }
  const after = await count()
  t.equal(after.requests - before.requests, 5)
  t.equal(after.hits - before.hits, hits)
})

t.test('what Fastify has to say is not left out', async t => {
  const { gateway } = await startStack(t)
  await untilHit(gateway, SCALP)
  const alice = bearer('alice')
  t.equal((await get(gateway, SCALP, {})).status, 401)
  t.equal((await get(gateway, SCALP, { authorization: 'Bearer nonsense' })).status, 401)
  t.equal((await get(gateway, SCALP, SERVICE)).status, 400)
  t.equal((await get(gateway, SCALP, { ...SERVICE, 'x-user-id': '../42' })).status, 400)
  t.equal((await get(gateway, SCALP, alice)).status, 200)
  t.equal((await get(gateway, SCALP, { ...alice, 'x-user-id': '42' })).status, 403)
  t.equal((await get(gateway, `${SCALP}?`, BOT)).status, 200)
})

/** Whether a request with these headers is answered in front of Fastify as behind it, with one read each. */
async function answersAlike(t: Test, gateway: TestGateway, url: string, headers: Record<string, string>) {
  const { reads } = gateway.services
  const answers = t.capture(reads, 'answer', reads.answer)
  const behindSoFar = countBehind(t)
  const named = { ...headers, 'x-request-id': 'the-same' }
  const inFront = await get(gateway, url, named)
  t.equal(answers().length, 1, 'one read')
  t.equal(behindSoFar(), 0)
  const behind = await get(gateway, url, { ...named, ...ORIGIN })
  t.equal(answers().length, 1)
  t.equal(behindSoFar(), 1)
  t.strictSame(inFront, behind, url)
  answers.restore()
  return inFront
}

t.test('without a near cache and without Redis: as behind Fastify', async t => {
  const { gateway, redis } = await startStack(t, { NEAR_CACHE_BYTES: '0' })
  for (const { url } of PLAIN_READS) {
    await untilHit(gateway, url)
    const { headers } = await answersAlike(t, gateway, url, BOT)
    const known = await answersAlike(t, gateway, url, { ...BOT, 'if-none-match': String(headers.etag) })
    t.equal(known.status, 304)
  }
  await redis.stop()
  await eventually('it is degraded', async () => {
    const { headers } = await get(gateway, SCALP)
    return headers['cache-status'] === 'settings-gateway; fwd=bypass; detail=degraded'
  })
  for (const { url } of PLAIN_READS) t.equal((await answersAlike(t, gateway, url, BOT)).status, 200)
})

t.test('a read that fails: as behind Fastify, and it is not made twice', async t => {
  const { gateway } = await startStack(t, { NEAR_CACHE_BYTES: '0' })
  await get(gateway, SCALP)
  gateway.services.reads.answer = (_actor, _read, _known, onAnswer) => {
    setImmediate(onAnswer, new DatabaseUnavailableError('away'), undefined)
  }
  const { status, headers } = await answersAlike(t, gateway, SCALP, BOT)
  t.equal(status, 503)
  t.match(headers, {
    'retry-after': '1',
    'content-type': /^application\/problem\+json/,
    'cache-control': 'no-store',
  })
})
