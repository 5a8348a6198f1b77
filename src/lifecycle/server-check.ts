import { SharedCheck } from './shared-check.ts'
import type { BreakerHealth, ServiceHealth } from './status-service.ts'

export interface BreakerState {
  readonly closed: boolean
  readonly state: 'closed' | 'open' | 'half-open'
  readonly since: Date
  readonly consecutiveFailures: number
}

/** A server as this instance sees it. */
export interface ServerState {
  readonly client: { readonly status: string; ping(): Promise<unknown> }
  readonly breaker: BreakerState
  /** Why the server is not trusted as a cache, for operators. */
  readonly refusal: string | undefined
}

/** Looks at one server with a PING, when it is worth one. */
export class ServerCheck {
  readonly #server: ServerState
  readonly #check: SharedCheck

  constructor(server: ServerState) {
    this.#server = server
    this.#check = new SharedCheck(() => server.client.ping())
  }

  /** Never rejects. */
  async health(): Promise<ServiceHealth & BreakerHealth> {
    const checked = this.#usable ? await this.#check.latencyMs() : null
    const { state, consecutiveFailures, since } = this.#server.breaker
    return {
      ...serviceHealth(this.#usable ? checked : null),
      breaker: state,
      consecutive_failures: consecutiveFailures,
      since: since.toISOString(),
    }
  }

  /** Connected, and the breaker lets requests through. */
  get #usable(): boolean {
    return this.#server.breaker.closed && this.#server.client.status === 'ready'
  }
}

/** Null = it does not answer. */
export function serviceHealth(latencyMs: number | null): ServiceHealth {
  if (latencyMs === null) return { status: 'down', latency_ms: null }
  return { status: 'up', latency_ms: Math.round(latencyMs * 100) / 100 }
}
