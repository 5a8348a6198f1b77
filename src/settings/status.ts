import type { RedisAccess } from '../cache/redis.ts'
import type { ViewStatus } from '../consistency/supervisor.ts'
import { within } from '../within.ts'
import type { HealthReport, StatusService } from './status-service.ts'

export interface StatusDeps {
  /** Undefined = none is configured. */
  readonly redis: RedisAccess | undefined
  readonly view: () => ViewStatus
  /** A statement that asks nothing. */
  readonly pingDatabase: () => Promise<unknown>
  readonly ready: () => boolean
  /** Why the gateway is not ready yet, for operators. */
  readonly startProblem: () => string | undefined
}

/** A health check must answer even when what it asks does not. */
const PING_TIMEOUT_MS = 1_000

/** The gateway's own state. */
export class Status implements StatusService {
  readonly #deps: StatusDeps

  constructor(deps: StatusDeps) {
    this.#deps = deps
  }

  get ready(): boolean {
    return this.#deps.ready()
  }

  async health(): Promise<HealthReport> {
    const { redis, pingDatabase } = this.#deps
    const [database, cache] = await Promise.all([latency(pingDatabase), latency(() => this.#pingRedis())])
    const { view, leaseHeld } = this.#deps.view()
    const up = (ms: number | null) => (ms === null ? 'down' : 'up')
    const warnings = this.#warnings(database !== null, cache !== null, leaseHeld)
    return {
      status:
        database === null && cache === null ? 'unhealthy' : warnings.length > 0 ? 'degraded' : 'healthy',
      services: {
        database: { status: up(database), latency_ms: database },
        redis: {
          status: up(cache),
          latency_ms: cache,
          breaker: redis?.breaker.state ?? 'open',
          consecutive_failures: redis?.breaker.consecutiveFailures ?? 0,
          since: (redis?.breaker.since ?? STARTED_AT).toISOString(),
        },
      },
      cache: { mode: leaseHeld ? 'on' : 'off', epoch: view?.epoch ?? 0 },
      warnings,
    }
  }

  async #pingRedis(): Promise<unknown> {
    const { redis } = this.#deps
    if (redis === undefined || !redis.breaker.closed) throw new Error('Redis is not usable')
    return redis.reads.connections[0]!.client.ping()
  }

  #warnings(databaseUp: boolean, redisUp: boolean, leaseHeld: boolean): string[] {
    const { redis, view, startProblem } = this.#deps
    const problem = startProblem()
    const reason = view().view?.reason
    return [
      ...(problem === undefined ? [] : [problem]),
      ...(databaseUp ? [] : ['PostgreSQL is not reachable: writes are refused, cached settings are served']),
      ...(redis === undefined ? ['no Redis is configured: everything is answered from PostgreSQL'] : []),
      ...(redis !== undefined && !redisUp
        ? ['Redis is not usable: everything is answered from PostgreSQL']
        : []),
      ...(databaseUp && redisUp && !leaseHeld
        ? [`the cache is not trusted yet (${reason ?? 'starting'})`]
        : []),
    ]
  }
}

const STARTED_AT = new Date()

/** Milliseconds until the work was done; null when it failed or took too long. Never rejects. */
async function latency(work: () => Promise<unknown>): Promise<number | null> {
  const startedAt = performance.now()
  try {
    await within(PING_TIMEOUT_MS, work(), () => new Error('too late'))
    return Math.round((performance.now() - startedAt) * 100) / 100
  } catch {
    return null
  }
}
