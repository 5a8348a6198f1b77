import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { onServer, type TestRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startStack, type TestGateway } from '../helper/gateway.ts'
import { onRedis } from './stack.ts'

const MODES = ['ultra', 'scalp', 'swing', 'position']
const at = (mode: string) => `/api/futures/ginie/modes/${mode}`
const put = (gateway: TestGateway, mode: string, min: number) =>
  gateway.as('42', { method: 'PUT', url: at(mode), payload: { confidence: { min_confidence: min } } })

/** The newest part of the append-only file. */
function appendOnlyFile({ dataDir }: TestRedis): string {
  const directory = join(dataDir, 'appendonlydir')
  const names = readdirSync(directory).filter(name => name.endsWith('.incr.aof'))
  return join(directory, names.sort((a, b) => Number(a.split('.')[2]) - Number(b.split('.')[2])).at(-1)!)
}

/** Resolves when the marker has passed all changes so far: what is stored now is not at risk any more. */
async function untilMarked(gateway: TestGateway, redis: TestRedis): Promise<void> {
  const { rows } = await onServer(gateway.databaseUrl, client =>
    client.query<{ xid: string }>('SELECT max(changed_xid)::text AS xid FROM documents'),
  )
  await eventually('the marker passes the changes', async () => {
    const marker = (await onRedis(redis.url, client => client.get('gateway:marker'))) ?? ''
    return BigInt(/^\d+/.exec(marker)?.[0] ?? 0) > BigInt(rows[0]!.xid)
  })
}

/**
 * How the first read under a lease is answered. A busy machine may lose its lease before or during a read: it is
 * answered from the database then, and stores nothing, which says nothing of what Redis held.
 */
async function firstTrusted(gateway: TestGateway, mode: string): Promise<unknown> {
  let status: unknown
  await eventually('a read under a lease', async () => {
    const reply = await gateway.as('42', { url: at(mode) })
    if (reply.json().data.confidence.min_confidence !== 41) throw new Error(`${mode} is ${reply.body}`)
    status = reply.headers['cache-status']
    return status === 'settings-gateway; hit' || status === 'settings-gateway; fwd=miss; stored'
  })
  return status
}

t.test('Redis is killed, its append-only file cut back, and restarted', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  for (const mode of MODES) t.equal((await put(gateway, mode, 41)).statusCode, 200)
  await untilMarked(gateway, redis)
  const { size } = statSync(appendOnlyFile(redis))
  // These are acknowledged, and Redis will have forgotten them.
  for (const min of [42, 43, 44]) {
    t.equal((await put(gateway, 'scalp', min)).statusCode, 200)
  }
  await redis.kill()
  t.ok(statSync(appendOnlyFile(redis)).size > size)
  truncateSync(appendOnlyFile(redis), size)
  await redis.restart()
  t.match(
    await onRedis(redis.url, client => client.get('user:42:mode:scalp')),
    /"min_confidence":41\b/,
    'Redis holds the old value',
  )
  await eventually('the view is ON', async () => {
    const { data } = (await gateway.as('42', { url: at('scalp') })).json()
    t.equal(data.confidence.min_confidence, 44, 'no old value is ever answered')
    const health = await gateway.services.status.health()
    return health.cache.mode === 'on' && health.services.redis.breaker === 'closed'
  })
  for (const mode of MODES.filter(each => each !== 'scalp')) {
    t.equal(await firstTrusted(gateway, mode), 'settings-gateway; hit', `${mode} was not at risk`)
  }
  await eventually('the document at risk is a hit again', async () => {
    const reply = await gateway.as('42', { url: at('scalp') })
    t.equal(reply.json().data.confidence.min_confidence, 44)
    return reply.headers['cache-status'] === 'settings-gateway; hit'
  })
})
