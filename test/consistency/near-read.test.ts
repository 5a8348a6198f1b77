import t, { type Test } from 'tap'
import {
  eventually,
  redisOf,
  SHORT_LEASE,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const DECISION = '/api/futures/ginie/decision-settings'
const HIT = 'settings-gateway; hit'

async function hit(t: Test, gateway: TestGateway, url: string, headers: Record<string, string> = {}) {
  const reply = await gateway.as('42', { url, headers })
  t.equal(reply.headers['cache-status'], HIT)
  return reply
}

/** How often Redis ran each command, from now on. */
async function commandsOf(gateway: TestGateway) {
  const client = redisOf(gateway)
  await client.config('RESETSTAT')
  return async () => {
    const text = await client.info('commandstats')
    const calls = (name: string) =>
      Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(text)?.[1] ?? 0)
    return { whole: calls('mget'), heads: calls('getrange'), exist: calls('exists') }
  }
}

async function put(gateway: TestGateway, min: number) {
  const payload = { confidence: { min_confidence: min } }
  return (await gateway.as('42', { method: 'PUT', url: SCALP, payload })).json().version
}

t.test('two instances: what one writes, the other reads at once, though it holds older bytes', async t => {
  const { gateway, redis } = await startStack(t)
  const other = await startGateway(t, { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url })
  let hits = 0
  // Right whatever a busy machine does to the lease; on an idle one all are hits.
  const read = async (url: string) => {
    const reply = await other.as('42', { url })
    if (reply.headers['cache-status'] === HIT) hits++
    return reply
  }
  for (let min = 30; min < 50; min++) {
    const version = await put(gateway, min)
    for (let again = 0; again < 2; again++) {
      const reply = await read(SCALP)
      t.match(reply.json(), { version, data: { confidence: { min_confidence: min } } })
      t.equal(reply.headers.etag, `"${version}"`)
      const bundle = (await read(DECISION)).json()
      t.equal(bundle.modes.scalp.version, version)
      t.equal(bundle.modes.scalp.data.confidence.min_confidence, min)
    }
  }
  t.ok(hits > 0, `${hits} hits`)
})

t.test('a read that holds the bytes moves only heads, and its answer is the same', async t => {
  const { gateway } = await startStack(t)
  for (const url of [SCALP, DECISION]) {
    await gateway.as('42', { url })
    const first = await hit(t, gateway, url)
    const commands = await commandsOf(gateway)
    const second = await hit(t, gateway, url)
    t.equal(second.body, first.body)
    t.equal(second.headers.etag, first.headers.etag)
    const { exist, ...rest } = await commands()
    // The stamp of the user stands for thirteen heads.
    t.strictSame(rest, { whole: 0, heads: 1 })
    t.ok(exist <= 1, 'whether the keys are there is asked now and then')
  }
})

t.test('304 without moving a body, also when the bytes are not held', async t => {
  const { gateway } = await startStack(t, { NEAR_CACHE_BYTES: '0' })
  await gateway.as('42', { url: DECISION })
  const { etag } = (await hit(t, gateway, DECISION)).headers
  const commands = await commandsOf(gateway)
  const reply = await hit(t, gateway, DECISION, { 'if-none-match': String(etag) })
  t.equal(reply.statusCode, 304)
  t.equal(reply.headers.etag, etag)
  t.equal(reply.body, '')
  t.equal((await hit(t, gateway, SCALP, { 'if-none-match': '"1"' })).statusCode, 304)
  t.strictSame(await commands(), { whole: 0, heads: 14, exist: 0 })
  t.equal((await hit(t, gateway, SCALP, { 'if-none-match': '"2"' })).statusCode, 200)
})

t.test('a fence, a lost key and a flushed Redis lead to the database', async t => {
  const { gateway } = await startStack(t, SHORT_LEASE)
  const { cache } = gateway.services.redis!
  const client = redisOf(gateway)
  const stored = 'settings-gateway; fwd=miss; stored'
  await gateway.as('42', { url: DECISION })
  await hit(t, gateway, DECISION)
  const [epoch, , database, runId, replicationId] = (await client.get('gateway:view'))!.split(' ')
  const v = {
    epoch: Number(epoch),
    database: database!,
    identity: { runId: runId!, replicationId: replicationId! },
  }
  // As a writer's that dies before its COMMIT.
  t.equal(await cache.fence(v, '0123456789abcdef', [{ keys: ['user:42:mode:scalp'], min: 2 }]), 'done')
  t.not((await gateway.as('42', { url: DECISION })).headers['cache-status'], HIT)
  await eventually('the repair takes the fence away', async () => {
    const reply = await gateway.as('42', { url: DECISION })
    return reply.headers['cache-status'] === HIT
  })
  await client.del('user:42:mode:scalp')
  t.equal((await gateway.as('42', { url: SCALP })).headers['cache-status'], stored)
  await hit(t, gateway, SCALP)
  const before = await hit(t, gateway, DECISION)
  await client.del('user:42:mode:scalp')
  await eventually('the key is filled in again by reads of all documents', async () => {
    const { body } = await gateway.as('42', { url: DECISION })
    t.equal(body, before.body)
    return (await client.exists('user:42:mode:scalp')) === 1
  })
  await hit(t, gateway, DECISION)
  await client.flushdb()
  const reply = await gateway.as('42', { url: DECISION })
  t.equal(reply.statusCode, 200)
  t.not(reply.headers['cache-status'], HIT)
})

t.test(
  'a stamp that somebody made a list of: answers are right, and Redis is not taken for broken',
  async t => {
    const { gateway } = await startStack(t, SHORT_LEASE)
    const { breaker } = gateway.services.redis!
    const client = redisOf(gateway)
    await gateway.as('42', { url: DECISION })
    for (const min of [51, 52, 53]) {
      const version = await put(gateway, min)
      // The near cache goes by the stamp.
      await hit(t, gateway, DECISION)
      await hit(t, gateway, DECISION)
      await client.del('gateway:stamp:42')
      await client.lpush('gateway:stamp:42', 'x')
      for (let i = 0; i < 5; i++) {
        const { modes } = (await hit(t, gateway, DECISION)).json()
        t.match(modes.scalp, { version, data: { confidence: { min_confidence: min } } })
      }
      t.equal(breaker.state, 'closed')
      t.equal(breaker.consecutiveFailures, 0)
    }
    t.match(await client.get('gateway:stamp:42').catch(String), /WRONGTYPE/)
    const version = await put(gateway, 54)
    t.equal((await hit(t, gateway, DECISION)).json().modes.scalp.version, version)
    t.match(await client.get('gateway:stamp:42'), /^\d{16}$/, 'the next change makes a stamp of it again')
  },
)

t.test('a stamp that no script has made is not gone by, though it comes again', async t => {
  const { gateway } = await startStack(t, SHORT_LEASE)
  const client = redisOf(gateway)
  const stamp = 'gateway:stamp:42'
  await gateway.as('42', { url: DECISION })
  let min = 51
  for (const text of ['', '0', 'a text as long as one']) {
    const edits = [() => client.set(stamp, text), () => client.del(stamp), () => client.set(stamp, text)]
    for (const edit of edits) {
      await edit()
      // What is read beside it is kept.
      await hit(t, gateway, DECISION)
      const version = await put(gateway, min++)
      await edit()
      t.equal((await hit(t, gateway, DECISION)).json().modes.scalp.version, version, `'${text}'`)
    }
  }
})

t.test('a user who was deleted and created again has newer versions', async t => {
  const { gateway } = await startStack(t)
  await put(gateway, 45)
  await hit(t, gateway, SCALP)
  await gateway.services.users.deleteUser('admin:1', '42')
  const fresh = await gateway.as('42', { url: SCALP })
  t.match(fresh.json(), { version: 4, data: { confidence: { min_confidence: 40 } } })
  const again = await hit(t, gateway, SCALP)
  t.equal(again.body, fresh.body)
})
