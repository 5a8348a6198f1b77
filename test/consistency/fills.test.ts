import t from 'tap'
import type { CacheFill } from '../../src/consistency/cache-port.ts'
import type { ViewToken } from '../../src/consistency/views.ts'
import { eventually, redisOf, startGateway, startStack, type TestGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const KEY = 'user:42:mode:scalp'
const STORED = 'settings-gateway; fwd=miss; stored'

const { gateway, redis } = await startStack(t)
const others = await Promise.all(
  [1, 2].map(() => startGateway(t, { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url })),
)
const client = redisOf(gateway)

async function put(min: number) {
  const payload = { confidence: { min_confidence: min } }
  return gateway.as('42', { method: 'PUT', url: SCALP, payload })
}

/** Every read of `through` that is about to store a row waits; `held` resolves when one does. */
function holdFills(through: TestGateway) {
  const { cache } = through.services.redis!
  const held = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const fill = cache.fill.bind(cache)
  cache.fill = async (v: ViewToken, fills: readonly CacheFill[]) => {
    held.resolve()
    await released.promise
    return fill(v, fills)
  }
  const release = () => {
    cache.fill = fill
    released.resolve()
  }
  return { held: held.promise, release }
}

t.test('a fill that is late stores nothing old, whoever removed the key meanwhile', async t => {
  for (const removed of [[KEY], [KEY, 'gateway:stamp:42']]) {
    await put(40 + removed.length)
    await eventually('the row is stored again', async () => {
      await client.del(KEY)
      return (await gateway.as('42', { url: SCALP })).headers['cache-status'] === STORED
    })
    await client.del(KEY)
    const fills = holdFills(others[0]!)
    const late = others[0]!.as('42', { url: SCALP })
    await fills.held
    const { version } = (await put(50 + removed.length)).json()
    await client.del(removed)
    fills.release()
    t.equal((await late).json().version, version - 1, 'it began before the write')
    t.equal(await client.get(KEY), null)
    for (const each of [gateway, ...others]) {
      t.equal((await each.as('42', { url: SCALP })).json().version, version)
      t.equal((await each.as('42', { url: SCALP })).json().version, version)
    }
  }
})

t.test('the bytes of a put, of a fill and of an answer are the same', async t => {
  await eventually('the put is stored', async () => {
    await put(30 + Math.floor(Math.random() * 30))
    return (await client.get(KEY))?.startsWith('{"version":') === true
  })
  const bytes = await client.get(KEY)
  t.equal((await gateway.as('42', { url: SCALP })).body, bytes)
  await client.del(KEY)
  await eventually('it is filled', async () => {
    await others[1]!.as('42', { url: SCALP })
    return (await client.exists(KEY)) === 1
  })
  t.equal(await client.get(KEY), bytes)
  t.equal(await client.pttl(KEY), -1)
})

t.test('fills of three gateways race writes while keys are deleted', async t => {
  let writing = true
  let acknowledged = 0
  const reader = async (through: TestGateway) => {
    while (writing) {
      const floor = acknowledged
      const reply = await through.as('42', { url: SCALP })
      if (reply.statusCode !== 200) continue
      const { version } = reply.json()
      if (version < floor) t.fail(`version ${version} after ${floor}`)
    }
  }
  const remover = async () => {
    for (let round = 0; writing; round++) {
      const keys = [KEY, ...(round % 3 === 0 ? ['gateway:stamp:42'] : [])]
      // A fence that is removed between a write and its put is outside of the promise: only values go.
      const script = `for _, key in ipairs(KEYS) do
        if not string.find(redis.call('GETRANGE', key, 0, 9), 'fence', 1, true) then redis.call('DEL', key) end
      end`
      await client.eval(script, keys.length, ...keys)
    }
  }
  const work = [gateway, ...others].map(reader)
  work.push(remover())
  for (let min = 30; min < 70; min++) {
    const reply = await put(min)
    // On a busy machine a write may be refused; it was not acknowledged then.
    if (reply.statusCode === 200) acknowledged = reply.json().version
  }
  writing = false
  await Promise.all(work)
  t.ok(acknowledged > 0)
})
