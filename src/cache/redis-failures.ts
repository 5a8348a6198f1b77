import { ReplyError } from 'ioredis'
import { CacheUnavailableError } from '../consistency/cache-port.ts'
import type { Breaker } from './breaker.ts'
import { RespError } from './resp.ts'

/** Error replies of a server that cannot serve now; every other error reply is an answer of a healthy server. */
const NOT_SERVING = /^(LOADING|BUSY|MASTERDOWN|NOAUTH|WRONGPASS|NOPERM|NOREPLICAS)\b/
/** What a node of a cluster replies about keys that it does not hold, or not alone. Other keys of it may be well. */
const ELSEWHERE = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|CROSSSLOT)\b/

/** True when another node of the cluster may have the keys, or none. The command was not carried out. */
export function isElsewhere(error: unknown): error is Error {
  return (
    (error instanceof ReplyError || error instanceof RespError) && ELSEWHERE.test((error as Error).message)
  )
}

/** Reports the outcome of a command to the breaker; every failure becomes a CacheUnavailableError. */
export function guard<T>(breaker: Breaker, work: Promise<T>): Promise<T> {
  return work.then(
    result => {
      breaker.succeeded()
      return result
    },
    error => {
      throw reportFailure(breaker, error)
    },
  )
}

/** Reports a failure to the breaker, and turns it into a CacheUnavailableError. */
export function reportFailure(breaker: Breaker, error: unknown): CacheUnavailableError {
  if (countsAsFailure(error)) breaker.failed(error)
  return asCacheUnavailable(error)
}

/** What a failed command means to its caller: the cache could not be used for it. */
function asCacheUnavailable(error: unknown): CacheUnavailableError {
  if (error instanceof CacheUnavailableError) return error
  return new CacheUnavailableError(error instanceof Error ? error.message : 'Redis error', { cause: error })
}

/**
 * The one place that decides what a Redis failure means to the breaker. Timeouts and broken connections count; an
 * error reply shows that the server answers: OOM, READONLY, NOSCRIPT and MOVED must not keep reads from Redis.
 */
function countsAsFailure(error: unknown): boolean {
  if (error instanceof ReplyError || error instanceof RespError)
    return NOT_SERVING.test((error as Error).message)
  return !(error instanceof CacheUnavailableError)
}
