import type { ViewStatus } from '../consistency/supervisor.ts'
import { SharedCheck } from './shared-check.ts'
import type { CacheState, HealthReport, StatusReport, StatusService } from './status-service.ts'

/** Redis as this instance sees it. */
export interface RedisState {
  readonly client: { readonly status: string; ping(): Promise<unknown> }
  readonly breaker: {
    readonly closed: boolean
    readonly state: 'closed' | 'open' | 'half-open'
    readonly since: Date
    readonly consecutiveFailures: number
  }
  /** Why the server is not trusted as a cache, for operators. */
  readonly refusal: string | undefined
  /** Keys of other programs that were seen in the database; there may be more. */
  readonly foreignKeys: number
}

export interface StatusDeps {
  /** Undefined = none is configured. */
  readonly redis: RedisState | undefined
  /** `leaseHeld`: this instance answers from Redis. */
  readonly view: () => ViewStatus
  /** How long the last lease renewal waited for the database; null when it failed, or before the first. */
  readonly databaseLatencyMs: () => number | null
  /** How long ago the oldest answer was known to be right that each may give while the database is away. */
  readonly unverified: () => UnverifiedAges | undefined
  readonly ready: () => boolean
  /** Why the gateway is not ready yet, for operators. */
  readonly startProblem: () => string | undefined
}

/** In milliseconds; null = never, or nothing is held. */
export interface UnverifiedAges {
  readonly redisMs: number | null
  readonly memoryMs: number | null
}

const STARTED_AT = new Date()

/** The gateway's own state. It sends no query to the database: the lease renewals tell. */
export class Status implements StatusService {
  readonly #deps: StatusDeps
  readonly #redisCheck: SharedCheck

  constructor(deps: StatusDeps) {
    this.#deps = deps
    this.#redisCheck = new SharedCheck(async () => this.#redisClient?.ping())
  }

  get ready(): boolean {
    return this.#deps.ready()
  }

  async health(): Promise<HealthReport> {
    return (await this.report()).health
  }

  async report(): Promise<StatusReport> {
    const { redis, databaseLatencyMs } = this.#deps
    const checked = this.#redisUsable ? await this.#redisCheck.latencyMs() : null
    // Everything else is of one moment, after the wait.
    const redisMs = this.#redisUsable ? checked : null
    const databaseMs = databaseLatencyMs()
    const cache = this.#cache(redisMs !== null)
    const unverified = databaseMs === null ? this.#unverified(redisMs !== null) : undefined
    const warnings = this.#warnings(databaseMs !== null, redisMs !== null, cache, unverified)
    const unhealthy = databaseMs === null && redisMs === null
    return {
      health: {
        status: unhealthy ? 'unhealthy' : warnings.length > 0 ? 'degraded' : 'healthy',
        services: {
          database: service(databaseMs),
          redis: {
            ...service(redisMs),
            breaker: redis?.breaker.state ?? 'open',
            consecutive_failures: redis?.breaker.consecutiveFailures ?? 0,
            since: (redis?.breaker.since ?? STARTED_AT).toISOString(),
          },
        },
        cache: { mode: cache.mode, epoch: cache.epoch },
        ...(unverified === undefined ? {} : { unverified }),
        warnings,
      },
      cache,
    }
  }

  get #redisClient() {
    return this.#deps.redis?.client
  }

  /** Worth a PING: connected, and the breaker lets requests through. */
  get #redisUsable(): boolean {
    return this.#deps.redis?.breaker.closed === true && this.#redisClient?.status === 'ready'
  }

  #cache(redisUp: boolean): CacheState {
    const { view, leaseHeld, databaseReached } = this.#deps.view()
    const why = () => {
      if (this.#deps.redis === undefined) return 'no-redis'
      if (view?.mode === 'OFF') return view.reason
      if (!redisUp) return 'redis-unreachable'
      if (view === undefined) return 'starting'
      return databaseReached ? 'no-lease' : 'database-unreachable'
    }
    return {
      mode: leaseHeld ? 'on' : 'off',
      epoch: view?.epoch ?? 0,
      reason: leaseHeld ? (view?.reason ?? '') : why(),
      leaseHeld,
    }
  }

  #unverified(redisUp: boolean): HealthReport['unverified'] {
    const ages = this.#deps.unverified()
    if (ages === undefined) return undefined
    if (redisUp) return { from: 'redis', oldest_ms: ages.redisMs }
    return { from: ages.memoryMs === null ? 'nothing' : 'memory', oldest_ms: ages.memoryMs }
  }

  #warnings(
    databaseUp: boolean,
    redisUp: boolean,
    cache: CacheState,
    unverified: HealthReport['unverified'],
  ): string[] {
    const { redis, startProblem } = this.#deps
    const { anotherOwner } = this.#deps.view()
    const problem = startProblem()
    return [
      ...(problem === undefined ? [] : [problem]),
      ...(databaseUp ? [] : [withoutDatabase(unverified)]),
      ...(redis === undefined && databaseUp
        ? ['no Redis is configured: everything is answered from PostgreSQL']
        : []),
      ...(anotherOwner === undefined
        ? []
        : [
            `the cache is not used: gateways of another database (${anotherOwner}) use this Redis; set REDIS_KEY_PREFIX, or another Redis`,
          ]),
      ...(redis?.refusal === undefined ? [] : [`the cache is not used: ${redis.refusal}`]),
      ...(redis === undefined || redis.foreignKeys === 0
        ? []
        : [
            `the Redis database holds keys of other programs (${redis.foreignKeys} seen): they are left alone, but emptying the database empties the cache as well`,
          ]),
      ...(redis !== undefined && !redisUp
        ? [`Redis is not usable${databaseUp ? ': everything is answered from PostgreSQL' : ''}`]
        : []),
      ...(databaseUp && redisUp && cache.mode === 'off'
        ? [`the cache is not trusted yet (${cache.reason})`]
        : []),
    ]
  }
}

function withoutDatabase(unverified: HealthReport['unverified']): string {
  if (unverified === undefined)
    return 'PostgreSQL is not reachable: writes are refused, and so are settings (ON_DATABASE_OUTAGE=refuse)'
  const { from, oldest_ms: oldestMs } = unverified
  if (from === 'redis') return 'PostgreSQL is not reachable: writes are refused, cached settings are served'
  if (from === 'nothing') return 'PostgreSQL is not reachable: writes are refused, and no settings are held'
  return `PostgreSQL is not reachable: writes are refused, settings that this process holds are served; the oldest were known to be right ${Math.ceil((oldestMs ?? 0) / 1_000)} s ago`
}

function service(latencyMs: number | null): { status: 'up' | 'down'; latency_ms: number | null } {
  if (latencyMs === null) return { status: 'down', latency_ms: null }
  return { status: 'up', latency_ms: Math.round(latencyMs * 100) / 100 }
}
