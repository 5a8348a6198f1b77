import type { BreakerState } from '../cache/breaker.ts'
import type { Telemetry } from './telemetry.ts'

/** Tells the receiver of webhooks what this instance sees of Redis. */
export function outageWebhooks(tell: (type: string, details: object) => void): Partial<Telemetry> {
  /** The nodes whose breakers are open; undefined stands for a Redis that is no cluster. */
  const open = new Set<string | undefined>()
  return {
    breakerChanged(state: BreakerState, _error?: unknown, node?: string) {
      const details = node === undefined ? {} : { node }
      // A probe that fails opens the breaker again, which is no news.
      if (state === 'open' && !open.has(node)) {
        open.add(node)
        tell('breaker.opened', details)
      }
      if (state === 'closed' && open.delete(node)) tell('breaker.closed', details)
    },
    viewOff(reason) {
      tell('cache.off', { reason })
    },
    viewOn(recoveryMs) {
      tell('cache.on', { recovery_ms: Math.round(recoveryMs) })
    },
  }
}
