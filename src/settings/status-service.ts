export interface HealthReport {
  /** `unhealthy` only when settings can be answered from neither Redis nor the database. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly services: {
    readonly database: { readonly status: 'up' | 'down'; readonly latency_ms: number | null }
    readonly redis: {
      readonly status: 'up' | 'down'
      readonly latency_ms: number | null
      readonly breaker: 'closed' | 'open' | 'half-open'
      readonly consecutive_failures: number
      /** RFC 3339: when the breaker came into its present state. */
      readonly since: string
    }
  }
  readonly cache: { readonly mode: 'on' | 'off'; readonly epoch: number }
  /** Sentences for operators, without secrets. */
  readonly warnings: readonly string[]
}

/** The gateway's own state. */
export interface StatusService {
  /** Migrated, defaults loaded. http adds whether the process is draining. */
  readonly ready: boolean
  /** Asks Redis and PostgreSQL with short timeouts. Never rejects. */
  health(): Promise<HealthReport>
}
