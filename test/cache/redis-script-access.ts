import { openRedis } from '../../src/cache/redis.ts'
import { RedisSequence } from '../../src/cache/redis-sequence.ts'
import { loadConfig } from '../../src/config.ts'
import type { CachePort } from '../../src/consistency/cache-port.ts'
import type { ViewToken } from '../../src/consistency/views.ts'
import { type Scope, startRedis } from '../helper/backends.ts'
import { eventually, JWT_SECRET } from '../helper/gateway.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'

export const DATABASE = '0123456789ab-1-01234567'

/** The gateway's own code over a Redis of the test's own: the cache, the sequence, and the client for a look inside. */
export async function openScripts(t: Scope) {
  const { url } = await startRedis(t)
  const config = loadConfig({
    REDIS_URL: url,
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
    JWT_SECRET,
    // These tests ask what the scripts answer, not how fast.
    FENCE_TIMEOUT_MS: '700',
    LEASE_MS: '30000',
    OFF_WAIT_MS: '40000',
    SHUTDOWN_TIMEOUT_MS: '60000',
  })
  const redis = openRedis(config, PLAIN_NAMES, {
    breaker: () => {},
    trouble: () => {},
    notice: () => {},
    fault: () => {},
  })!
  t.teardown(() => redis.close())
  redis.open()
  const { cache, scriptConnection, reads } = redis
  await eventually('Redis is there', () => reads.connections.every(({ server }) => server !== undefined))
  await eventually('Redis is there for scripts', () => scriptConnection.server !== undefined)
  const { identity } = scriptConnection.server!
  return {
    client: scriptConnection.client,
    cache,
    sequence: new RedisSequence(redis.scripts, redis.scriptConnection, redis.breaker, PLAIN_NAMES),
    breaker: redis.breaker,
    v: (epoch: number): ViewToken => ({ epoch, database: DATABASE, identity }),
    /** A view of another dataset. */
    foreign: (epoch: number): ViewToken => ({
      epoch,
      database: DATABASE,
      identity: { ...identity, replicationId: 'f'.repeat(40) },
    }),
  }
}

/** The bytes of a version, as they begin in production. */
export function bytesOf(version: number): string {
  return `{"version":${version},"updated_at":"2026-01-06T12:00:00.000Z","data":{"text":"a"}}`
}

export const KEYS = ['user:u:d0', 'user:u:d0:section'] as const

export function entryOf(version: number, keys: readonly string[] = KEYS) {
  return { keys, version, values: keys.map(() => Buffer.from(bytesOf(version))) }
}

/** Stores a version as a reader does that found nothing but its stamp. */
export async function fill(cache: CachePort, v: ViewToken, version: number, keys: readonly string[] = KEYS) {
  const stamps = await cache.makeStamps(v, ['gateway:stamp:u'])
  return stamps === 'view' ? stamps : cache.fill(v, [{ ...entryOf(version, keys), stamp: stamps[0]! }])
}

/** The heads of keys, as one read of them answers. */
export function headsOf(cache: CachePort, keys: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    cache.readHeads(keys, undefined, (error, reply) =>
      reply === undefined ? reject(error) : resolve(reply.heads.toString()),
    )
  })
}
