import type { ViewStatus } from '../consistency/supervisor.ts'
import { serviceHealth } from './server-check.ts'
import type {
  CacheState,
  HealthReport,
  RedisHealth,
  RedisStatus,
  StatusReport,
  StatusService,
} from './status-service.ts'

export interface StatusDeps {
  /** Undefined = none is configured. */
  readonly redis: RedisStatus | undefined
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

const NO_REDIS: RedisHealth = {
  status: 'down',
  latency_ms: null,
  breaker: 'open',
  consecutive_failures: 0,
  since: new Date().toISOString(),
}

/** The gateway's own state. It sends no query to the database: the lease renewals tell. */
export class Status implements StatusService {
  readonly #deps: StatusDeps

  constructor(deps: StatusDeps) {
    this.#deps = deps
  }

  get ready(): boolean {
    return this.#deps.ready()
  }

  async health(): Promise<HealthReport> {
    return (await this.report()).health
  }

  async report(): Promise<StatusReport> {
    const redis = (await this.#deps.redis?.health()) ?? NO_REDIS
    // Everything else is of one moment, after the wait.
    const redisUp = redis.status === 'up'
    const database = serviceHealth(this.#deps.databaseLatencyMs())
    const databaseUp = database.status === 'up'
    const cache = this.#cache(redisUp)
    const partitions = this.#deps.redis?.partitions()
    const unverified = databaseUp ? undefined : this.#unverified(redisUp)
    const warnings = this.#warnings(databaseUp, redis, cache, unverified)
    return {
      health: {
        status: !databaseUp && !redisUp ? 'unhealthy' : warnings.length > 0 ? 'degraded' : 'healthy',
        services: { database, redis },
        cache: {
          mode: cache.mode,
          epoch: cache.epoch,
          ...(partitions === undefined ? {} : { partitions }),
        },
        ...(unverified === undefined ? {} : { unverified }),
        warnings,
      },
      cache,
    }
  }

  #cache(redisUp: boolean): CacheState {
    const { view, leaseHeld: allHeld, databaseReached } = this.#deps.view()
    const leaseHeld = allHeld || (this.#deps.redis?.partitions()?.on ?? 0) > 0
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
    health: RedisHealth,
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
      ...(redis?.warnings(health, databaseUp) ?? []),
      ...(databaseUp && health.status === 'up' && cache.mode === 'off'
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
