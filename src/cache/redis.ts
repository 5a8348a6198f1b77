import type { Redis } from 'ioredis'
import type { Config } from '../config.ts'
import type { CachePort } from '../consistency/cache-port.ts'
import type { Breaker } from './breaker.ts'
import type { KeyNames } from './keys.ts'
import type { ReadPool } from './read-pool.ts'
import type { RedisConnection } from './redis-connection.ts'
import { createScriptClient, type RedisEvents, RedisServer } from './redis-server.ts'
import type { ScriptRunner } from './script-runner.ts'

/** Everything that speaks to one Redis: connections for reads and for scripts, one breaker in front of both. */
export interface RedisAccess {
  readonly cache: CachePort
  readonly breaker: Breaker
  readonly reads: ReadPool
  readonly scripts: ScriptRunner
  readonly scriptConnection: RedisConnection
  /** That of the connection for scripts: for what may be slow or large, and for probes. */
  readonly client: Redis
  /** True when the server is a node of a Redis Cluster, which was not known at the start. */
  readonly isCluster: boolean
  /** Why the server is not trusted as a cache, for operators. */
  readonly refusal: string | undefined
  /** Keys of other programs that were seen in the database; there may be more. */
  readonly foreignKeys: number
  /** Begins to connect; never fails. */
  open(): void
  close(): void
}

/** The client of the connection for scripts, not connected yet. Undefined = no Redis is configured, or a cluster. */
export function createRedisClient(config: Config): Redis | undefined {
  const { target } = config.redis
  return target?.kind === 'single' ? createScriptClient(config, target) : undefined
}

/** `client` is that of createRedisClient. Undefined when no single Redis is configured. */
export function openRedis(
  config: Config,
  names: KeyNames,
  events: RedisEvents,
  client: Redis | undefined = createRedisClient(config),
): RedisAccess | undefined {
  const { target } = config.redis
  if (target?.kind !== 'single' || client === undefined) return undefined
  const server = new RedisServer({ config, target, events, client })
  const { cache, reads, examination } = server.cacheOf(names)
  const { breaker, scripts, scriptConnection } = server
  return {
    cache,
    breaker,
    reads,
    scripts,
    scriptConnection,
    client,
    get refusal() {
      return server.refusal ?? examination.refusal
    },
    get foreignKeys() {
      return examination.foreignKeys
    },
    get isCluster() {
      return server.connections.some(connection => connection.server?.cluster)
    },
    open: () => server.open(),
    close: () => server.close(),
  }
}
