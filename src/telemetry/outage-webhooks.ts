import type { BreakerState } from '../cache/breaker.ts'
import type { Telemetry } from './telemetry.ts'

/** Tells the receiver of webhooks what this instance sees of Redis. */
export function outageWebhooks(tell: (type: string, details: object) => void): Partial<Telemetry> {
  let isOpen = false
  return {
    breakerChanged(state: BreakerState) {
      // A probe that fails opens the breaker again, which is no news.
      if (state === 'open' && !isOpen) tell('breaker.opened', {})
      if (state === 'closed' && isOpen) tell('breaker.closed', {})
      if (state !== 'half-open') isOpen = state === 'open'
    },
    viewOff(reason) {
      tell('cache.off', { reason })
    },
    viewOn(recoveryMs) {
      tell('cache.on', { recovery_ms: Math.round(recoveryMs) })
    },
  }
}
