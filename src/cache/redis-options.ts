import type { RedisOptions } from 'ioredis'
import type { RedisTarget } from '../config.ts'

/** What every connection of the gateway to Redis has in common. Times in milliseconds. */
export interface ConnectionOptions {
  readonly target: RedisTarget
  readonly connectTimeoutMs: number
  /** Shown by CLIENT LIST. */
  readonly name: string
}

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 1_000
/** Sentinels are asked again within this time; one that hangs must not hold up the others. */
const SENTINEL_TIMEOUT_MS = 500

/** `replyMapping` exists for RESP 3 only. */
type IoredisOptions = Omit<RedisOptions, 'replyMapping'>

/**
 * Options of ioredis. The first three belong together: with the defaults one increment became two, with only some
 * of them promises hang. Nothing is queued and nothing is sent twice; the caller decides what a failure means.
 */
export function redisOptions({ target, connectTimeoutMs, name }: ConnectionOptions): IoredisOptions {
  const { server, sentinelName } = target
  return {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Always a number: anything else would end the reconnecting for good.
    retryStrategy: backOff,
    sentinelRetryStrategy: backOff,
    // READONLY: the primary became a replica. Connect again, do not send the command again.
    reconnectOnError: error => (error.message.startsWith('READONLY') ? 1 : false),
    connectTimeout: connectTimeoutMs,
    connectionName: name,
    disableClientInfo: true,
    lazyConnect: true,
    protocol: 2,
    db: target.db,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
    ...(server === undefined
      ? {
          sentinels: [...target.sentinels],
          name: sentinelName ?? '',
          role: 'master' as const,
          failoverDetector: true,
          sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
        }
      : { host: server.host, port: server.port }),
  }
}

function backOff(times: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times, 10))
}
