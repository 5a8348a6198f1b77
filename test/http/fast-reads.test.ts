import t, { type Test } from 'tap'
import { request } from 'undici'
import { DatabaseUnavailableError } from '../../src/consistency/ports.ts'
import type { Unconfirmed } from '../../src/consistency/read-outcome.ts'
import { FAST_BUNDLES } from '../../src/http/routes/bundle-routes.ts'
import { FAST_DOCUMENTS } from '../../src/http/routes/document-table.ts'
import type { ReadAnswer } from '../../src/settings/service.ts'
import {
  eventually,
  redisOf,
  SERVICE,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'
/** Whatever may make another answer of the same address. */
const VARY = 'Authorization, X-User-Id, Origin'
const BOT = { ...SERVICE, 'x-user-id': '42' }

/** Over a socket: what is injected begins behind Fastify's door. */
async function get(gateway: TestGateway, path: string, headers: Record<string, string> = BOT) {
  const { statusCode, headers: all, body } = await request(`${gateway.url}${path}`, { headers })
  const { date: _date, 'x-request-id': id, ...rest } = all
  return { status: statusCode, headers: rest, id, body: await body.text() }
}

/** What the fast reads were told from now on. `instead` takes the place of every answer. */
function spyOn({ services }: TestGateway, instead?: Unconfirmed): (ReadAnswer | Unconfirmed)[] {
  const told: (ReadAnswer | Unconfirmed)[] = []
  const confirm = services.documents.confirm.bind(services.documents)
  services.documents.confirm = (userId, read, known, onConfirmed) =>
    confirm(userId, read, known, outcome => {
      told.push(instead ?? outcome)
      onConfirmed(instead ?? outcome)
    })
  return told
}

async function untilHit(gateway: TestGateway, path: string): Promise<void> {
  await eventually('it is a hit', async () => (await get(gateway, path)).headers['cache-status'] === HIT)
}

t.test('every read in front of Fastify is answered as behind it', async t => {
  const { gateway } = await startStack(t)
  const told = spyOn(gateway)
  for (const { url } of [...FAST_BUNDLES, ...FAST_DOCUMENTS]) {
    await untilHit(gateway, url)
    // A browser's request is Fastify's.
    const behind = await get(gateway, url, { ...BOT, origin: 'http://127.0.0.1' })
    told.length = 0
    const inFront = await get(gateway, url)
    t.type(told[0], Object, `${url} was answered in front`)
    t.equal(inFront.headers.vary, VARY, url)
    t.strictSame({ ...inFront, id: '' }, { ...behind, id: '' }, url)
    t.not(inFront.id, behind.id)
    const condition = { 'if-none-match': String(behind.headers.etag) }
    const known = await get(gateway, url, { ...BOT, ...condition })
    t.equal(known.status, 304)
    t.equal(known.body, '')
    t.equal(known.headers.vary, VARY, `${url}, 304`)
    const knownBehind = await get(gateway, url, { ...BOT, ...condition, origin: 'http://127.0.0.1' })
    t.strictSame({ ...known, id: '' }, { ...knownBehind, id: '' }, `${url}, 304`)
    t.equal(told.length, 2)
  }
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
  const head = await request(`${gateway.url}${SCALP}`, { method: 'HEAD', headers: BOT })
  t.equal(head.statusCode, 200)
  t.equal(await head.body.text(), '')
})

/** Commands that Redis ran for reads, from now on: looks at heads, and reads of whole values of users. */
async function commandsOf(gateway: TestGateway) {
  const { reads } = gateway.services.redis!
  const client = redisOf(gateway)
  const read = reads.read.bind(reads)
  let whole = 0
  // The renewals of the instances send MGET as well.
  reads.read = (keys, answered) => {
    if (keys.some(key => key.startsWith('user:'))) whole++
    read(keys, answered)
  }
  await client.config('RESETSTAT')
  return async () => {
    const text = await client.info('commandstats')
    return { heads: Number(/cmdstat_getrange:calls=(\d+)/.exec(text)?.[1] ?? 0), whole }
  }
}

t.test(
  'a version that another instance has written: one look at the head, one read of the whole',
  async t => {
    const { gateway, redis } = await startStack(t)
    const other = await startGateway(t, { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url })
    let confidence = 50
    const readAfterWrite = async (conditional: boolean): Promise<boolean> => {
      await untilHit(gateway, SCALP)
      const { etag } = (await get(gateway, SCALP)).headers
      const payload = { confidence: { min_confidence: confidence++ } }
      const { version } = (await other.as('42', { method: 'PUT', url: SCALP, payload })).json()
      const told = spyOn(gateway)
      const commands = await commandsOf(gateway)
      const condition: Record<string, string> = conditional ? { 'if-none-match': String(etag) } : {}
      const reply = await get(gateway, SCALP, { ...BOT, ...condition })
      t.match(JSON.parse(reply.body), { version, data: payload })
      // A machine too busy to renew the lease reads from the database: another time.
      if (reply.headers['cache-status'] !== HIT || told.length === 0) return false
      t.strictSame(told, ['stale'])
      t.strictSame(await commands(), { heads: 1, whole: 1 })
      return true
    }
    await eventually('without a condition', () => readAfterWrite(false))
    await eventually('with one', () => readAfterWrite(true))
  },
)

t.test('a Redis that failed just now is not asked again', async t => {
  const { gateway } = await startStack(t)
  await untilHit(gateway, SCALP)
  const told = spyOn(gateway, 'failed')
  const commands = await commandsOf(gateway)
  const reply = await get(gateway, SCALP)
  t.equal(reply.status, 200)
  t.strictSame(told, ['failed'])
  t.not(reply.headers['cache-status'], HIT)
  t.strictSame(await commands(), { heads: 1, whole: 0 })
})

/** Whether a request with these headers is answered in front of Fastify as behind it, with one read each. */
async function answersAlike(t: Test, gateway: TestGateway, url: string, headers: Record<string, string>) {
  const { documents } = gateway.services
  const reads = [
    t.capture(documents, 'get', documents.get),
    t.capture(documents, 'getBundle', documents.getBundle),
  ]
  const count = () => reads.reduce((sum, read) => sum + read().length, 0)
  const named = { ...headers, 'x-request-id': 'the-same' }
  const inFront = await get(gateway, url, named)
  t.equal(count(), 1, 'one read')
  const behind = await get(gateway, url, { ...named, origin: 'http://127.0.0.1' })
  t.equal(count(), 1)
  t.strictSame(inFront, behind, url)
  for (const read of reads) read.restore()
  return inFront
}

t.test('without a near cache and without Redis: as behind Fastify', async t => {
  const { gateway, redis } = await startStack(t, { NEAR_CACHE_BYTES: '0' })
  const all = [...FAST_BUNDLES, ...FAST_DOCUMENTS]
  for (const { url } of all) {
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
  for (const { url } of all) t.equal((await answersAlike(t, gateway, url, BOT)).status, 200)
})

t.test('a read that fails: as behind Fastify, and it is not made twice', async t => {
  const { gateway } = await startStack(t, { NEAR_CACHE_BYTES: '0' })
  gateway.services.documents.get = async () => {
    throw new DatabaseUnavailableError('away')
  }
  await get(gateway, SCALP, { ...BOT, origin: 'http://127.0.0.1' })
  const { status, headers } = await answersAlike(t, gateway, SCALP, BOT)
  t.equal(status, 503)
  t.ok(headers['retry-after'])
})
