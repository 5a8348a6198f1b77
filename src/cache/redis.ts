import { Redis } from 'ioredis'
import type { Config } from '../config.ts'
import type { CachePort } from '../consistency/cache-port.ts'
import { claimMs } from '../consistency/lease.ts'
import { Breaker, type BreakerState } from './breaker.ts'
import { Examination } from './examination.ts'
import type { KeyNames } from './keys.ts'
import { ReadPool } from './read-pool.ts'
import { PROTOCOL_SCRIPTS, RedisCache } from './redis-cache.ts'
import { RedisConnection } from './redis-connection.ts'
import { redisOptions } from './redis-options.ts'
import { ScriptRunner } from './script-runner.ts'
import { UnidentifiedServerError } from './server-info.ts'

/** The name of a connection in CLIENT LIST. */
const SCRIPTS = 'settings-gateway-script'

/** What happens around Redis, for logs and metrics. */
export interface RedisEvents {
  /** `error`: what opened it; undefined when a probe failed and it stays open. */
  breaker(state: BreakerState, error: unknown): void
  /** A connection failed or was refused; it is tried again. */
  trouble(connection: string, error: Error): void
  /** What an operator should know of the server. */
  notice(sentence: string): void
  /** A callback of a reply threw: a fault of this program. */
  fault(error: unknown): void
}

/** Everything that speaks to Redis: clients for reads and for scripts, one breaker in front of both. */
export interface RedisAccess {
  readonly cache: CachePort
  readonly breaker: Breaker
  readonly reads: ReadPool
  readonly scripts: ScriptRunner
  readonly scriptConnection: RedisConnection
  /** That of the connection for scripts: for what may be slow or large, and for probes. */
  readonly client: Redis
  /** True when the server is a node of a Redis Cluster, which cannot be used. */
  readonly isCluster: boolean
  /** Why the server is not trusted as a cache, for operators. */
  readonly refusal: string | undefined
  /** Keys of other programs that were seen in the database; there may be more. */
  readonly foreignKeys: number
  /** Begins to connect; never fails. */
  open(): void
  close(): void
}

/** The client of the connection for scripts, not connected yet. Undefined = no Redis is configured. */
export function createRedisClient({ redis }: Config): Redis | undefined {
  const { target, connectTimeoutMs } = redis
  return target && new Redis(redisOptions({ target, connectTimeoutMs, name: SCRIPTS }))
}

/** `client` is that of createRedisClient; `moreScripts` run on the same connection, such as those of the sequence. */
export function openRedis(
  config: Config,
  names: KeyNames,
  events: RedisEvents,
  moreScripts: readonly string[] = [],
  client: Redis | undefined = createRedisClient(config),
): RedisAccess | undefined {
  const { target, poolSize, connectTimeoutMs, readTimeoutMs, breakerFailures, probeMs } = config.redis
  if (target === undefined || client === undefined) return undefined
  const forReads = { target, connectTimeoutMs, timeoutMs: readTimeoutMs, name: 'settings-gateway-read' }
  const forScripts = {
    target,
    connectTimeoutMs,
    timeoutMs: config.times.fenceTimeoutMs,
    name: SCRIPTS,
  }
  const reads = new ReadPool(
    Array.from({ length: poolSize }, () => new RedisConnection(forReads)),
    names,
  )
  const scriptConnection = new RedisConnection(forScripts, client)
  const all = [...reads.connections, scriptConnection]
  for (const connection of reads.connections) connection.on('trouble', error => events.trouble('read', error))
  scriptConnection.on('trouble', error => events.trouble('script', error))
  for (const connection of all) connection.on('fault', error => events.fault(error))
  const breaker = new Breaker({
    failures: breakerFailures,
    probeMs,
    probe: () => Promise.all(all.map(ping)),
    onChange: (state, error) => events.breaker(state, error),
  })
  const examination = new Examination(scriptConnection, names, sentence => events.notice(sentence))
  let unidentified: string | undefined
  for (const connection of all) {
    connection.on('trouble', error => {
      if (error instanceof UnidentifiedServerError) unidentified = error.message
    })
    connection.on('identified', () => {
      unidentified = undefined
    })
  }
  const scripts = new ScriptRunner(scriptConnection, [...PROTOCOL_SCRIPTS, ...moreScripts])
  return {
    cache: new RedisCache({
      reads,
      scripts,
      breaker,
      examination,
      names,
      claimMs: claimMs(config.times.leaseMs),
    }),
    breaker,
    reads,
    scripts,
    scriptConnection,
    client,
    get refusal() {
      return unidentified ?? examination.refusal
    },
    get foreignKeys() {
      return examination.foreignKeys
    },
    get isCluster() {
      return all.some(({ server }) => server?.cluster)
    },
    open: () => {
      for (const connection of all) connection.open()
    },
    close: () => {
      breaker.stop()
      for (const connection of all) connection.close()
    },
  }
}

/** A connection that does not answer a PING is given up, in case its peer vanished without a word. */
async function ping(connection: RedisConnection): Promise<void> {
  try {
    await connection.ping()
  } catch (error) {
    if (connection.client.status === 'ready') connection.reconnect()
    throw error
  }
}
