import { setTimeout as sleep } from 'node:timers/promises'
import type { Gateway } from './app.ts'
import type { Config } from './config.ts'

/** The part of SHUTDOWN_TIMEOUT_MS that is left for the pools and the end of the process after the last connection was cut. */
const POOLS_MS = 500

/**
 * Ends a gateway in phases, within SHUTDOWN_TIMEOUT_MS even when a part hangs:
 * 1. /health/ready answers 503, and every answer closes its connection. For SHUTDOWN_DELAY_MS requests are still
 *    taken, until the load balancer has seen it.
 * 2. Event streams are told to come back elsewhere and end. Nothing new is taken, idle connections are closed.
 * 3. Requests in progress finish; those that do not in time are cut off.
 * 4. The renewals stop, the pools close.
 */
export async function shutDown(
  { app, drain }: Gateway,
  { delayMs, timeoutMs }: Config['shutdown'],
): Promise<void> {
  const startedAt = performance.now()
  const left = () => Math.max(0, timeoutMs - (performance.now() - startedAt))
  drain()
  app.log.info('the gateway drains')
  if (delayMs > 0) await sleep(delayMs)
  const cut = setTimeout(
    () => {
      app.log.warn('requests in progress are cut off: they took too long')
      app.server.closeAllConnections()
    },
    left() - 2 * POOLS_MS,
  )
  const deadline = new AbortController()
  const late = sleep(left() - POOLS_MS, 'late' as const, { signal: deadline.signal })
  const ended = app.close().then(() => 'ended' as const)
  // The second of them is not waited for.
  const outcome = await Promise.race([ended, late])
  clearTimeout(cut)
  if (outcome === 'late') app.log.warn('the gateway ends before its connections to the stores have closed')
  else late.catch(() => {})
  deadline.abort()
}
