/** Redis did not answer in time; the command may still take effect. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError'
}

/** A timer this late (milliseconds) means that the event loop stood still: the reply could not be read. */
export const LOOP_STALL_MS = 10

/**
 * Rejects with RedisTimeoutError when `work` takes longer than `ms`. Time in which this process itself stood still
 * is not Redis's fault: the wait then starts again, once. Otherwise a pause of the event loop would look like several
 * failures of Redis in a row and open the breaker.
 */
export function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout
    const wait = (extendable: boolean) => {
      const startedAt = performance.now()
      timer = setTimeout(() => {
        if (extendable && performance.now() - startedAt > ms + LOOP_STALL_MS) wait(false)
        // Sockets are read once more before the verdict.
        else setImmediate(() => reject(new RedisTimeoutError(`Redis did not answer within ${ms} ms`)))
      }, ms)
    }
    wait(true)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
