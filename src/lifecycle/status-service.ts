export interface ServiceHealth {
  readonly status: 'up' | 'down'
  readonly latency_ms: number | null
}

export interface BreakerHealth {
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly consecutive_failures: number
  /** RFC 3339: when the breaker came into its present state. */
  readonly since: string
}

/** A node of a cluster that owns partitions of the users. */
export interface NodeHealth extends ServiceHealth, BreakerHealth {
  /** `host:port`. */
  readonly address: string
  /** Of 64. */
  readonly partitions: number
}

/** Of a cluster: `up` while one node is, with the slowest answer and the worst breaker of all nodes. */
export interface RedisHealth extends ServiceHealth, BreakerHealth {
  /** Only of a cluster. */
  readonly nodes?: readonly NodeHealth[]
}

export interface HealthReport {
  /** `unhealthy` only when settings can be answered from neither Redis nor the database. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly services: {
    readonly database: ServiceHealth
    readonly redis: RedisHealth
  }
  /** `partitions`, only of a cluster: those that this instance answers from Redis; `on` while there is one. */
  readonly cache: {
    readonly mode: 'on' | 'off'
    readonly epoch: number
    readonly partitions?: PartitionCount
  }
  /**
   * While PostgreSQL cannot be reached: where settings come from all the same, marked `detail=unverified`. `memory`: Redis
   * cannot be reached either, and this process serves what it holds. `oldest_ms`: how long ago the oldest of it was known
   * to be right, null when that is not known. Absent while PostgreSQL is reachable, and with `ON_DATABASE_OUTAGE=refuse`.
   */
  readonly unverified?: { readonly from: 'redis' | 'memory' | 'nothing'; readonly oldest_ms: number | null }
  /** Sentences for operators, without secrets. */
  readonly warnings: readonly string[]
}

export interface PartitionCount {
  readonly total: number
  readonly on: number
}

/** Redis as this instance sees it: one server, or the nodes of a cluster. */
export interface RedisStatus {
  /** A PING that all who ask within 250 ms share. Never rejects. */
  health(): Promise<RedisHealth>
  /** Sentences for operators about what `health` reported. */
  warnings(health: RedisHealth, databaseUp: boolean): readonly string[]
  /** Undefined = Redis is no cluster. */
  partitions(): PartitionCount | undefined
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
