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
  /**
   * While PostgreSQL cannot be reached: where settings come from all the same, marked `detail=unverified`. `memory`: Redis
   * cannot be reached either, and this process serves what it holds. `oldest_ms`: how long ago the oldest of it was known
   * to be right, null when that is not known. Absent while PostgreSQL is reachable, and with `ON_DATABASE_OUTAGE=refuse`.
   */
  readonly unverified?: { readonly from: 'redis' | 'memory' | 'nothing'; readonly oldest_ms: number | null }
  /** Sentences for operators, without secrets. */
  readonly warnings: readonly string[]
}

/** The cache as this instance uses it, and why; /health, the operator page and the metrics tell the same. */
export interface CacheState {
  readonly mode: 'on' | 'off'
  /** Epoch of the view; 0 until the database was read. */
  readonly epoch: number
  /** Why it is in its mode: the reason of the view, or `redis-unreachable`, `database-unreachable`, `no-lease`, `no-redis`, `starting`. */
  readonly reason: string
  readonly leaseHeld: boolean
}

/** Both of one moment. */
export interface StatusReport {
  readonly health: HealthReport
  readonly cache: CacheState
}

/** The gateway's own state. */
export interface StatusService {
  /** The schema is migrated, the defaults are loaded. http adds whether the process is draining. */
  readonly ready: boolean
  /** From the last lease renewal, and a PING of Redis that all who ask within 250 ms share. Never rejects. */
  health(): Promise<HealthReport>
  /** The same, and the cache in more words. */
  report(): Promise<StatusReport>
}
