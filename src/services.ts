import type { FastifyBaseLogger } from 'fastify'
import type { Cluster, Redis } from 'ioredis'
import type { Pool } from 'pg'
import type { RedisAccess } from './cache/redis.ts'
import { CLUSTER_FOUND } from './cache/redis-connection.ts'
import { type Config, ConfigError } from './config.ts'
import { ChangeFeed } from './events/change-feed.ts'
import type { ExchangeCache } from './exchange/exchange.ts'
import type { FleetService } from './fleet/fleet.ts'
import type { ServerFacts } from './fleet/ports.ts'
import type { BulkService } from './jobs/bulk-service.ts'
import type { ScheduleService } from './jobs/schedules.ts'
import type { ClusterState } from './lifecycle/cluster-status.ts'
import { StartUp } from './lifecycle/start-up.ts'
import { Status } from './lifecycle/status.ts'
import type { StatusService } from './lifecycle/status-service.ts'
import type { Retention } from './retention/retention.ts'
import type { SequenceService } from './sequence/service.ts'
import type { AdminDefaultsService, CacheService, UserService } from './settings/admin-service.ts'
import { Audit, type AuditService } from './settings/audit.ts'
import { PastReads } from './settings/past.ts'
import type { DefaultsService, DocumentService, PastService, ReadService } from './settings/service.ts'
import { startFailure } from './start-failure.ts'
import { isAway } from './store/database-errors.ts'
import { type MigrationReport, migrate } from './store/migrate.ts'
import { PostgresChangeLog } from './store/postgres-change-log.ts'
import { PostgresSequence } from './store/postgres-sequence.ts'
import { SYSTEM_CLOCK } from './system-clock.ts'
import type { StepHook } from './telemetry/protocol-observer.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import type { TransferService } from './transfer/transfer-service.ts'
import { redisStatus, wireCache } from './wiring/cache.ts'
import { wireFleet } from './wiring/fleet.ts'
import { layFoundation } from './wiring/foundation.ts'
import { wireJobs } from './wiring/jobs.ts'
import { wireOrderNumbers } from './wiring/order-numbers.ts'
import { wireSettings } from './wiring/settings.ts'

/** Everything the routes call. */
export interface Services {
  readonly reads: ReadService
  readonly past: PastService
  readonly documents: DocumentService
  readonly defaults: DefaultsService
  readonly admin: AdminDefaultsService
  readonly users: UserService
  readonly audit: AuditService
  readonly transfer: TransferService
  readonly cache: CacheService
  readonly schedules: ScheduleService
  readonly bulk: BulkService
  readonly sequence: SequenceService
  readonly exchange: ExchangeCache
  readonly status: StatusService
  readonly changes: ChangeFeed
  readonly fleet: FleetService
  /** Runs by itself; tests call its rounds. */
  readonly retention: Retention
  /** What they work on, for tests. */
  readonly pool: Pool
  readonly redis: RedisAccess | undefined
  readonly cluster: ClusterState | undefined
  /** What the start did to the schema; undefined until then. */
  migrationReport(): MigrationReport | undefined
  /** Migrates and loads the defaults. Rejects when trying again is pointless; an outage of the database is not. */
  start(): Promise<void>
  /** Ends the background work and the connections to Redis; the owner of the pool ends it afterwards. */
  close(): Promise<void>
}

export interface ServiceOptions {
  /** `app.pg.pool` and `app.redis`. Undefined = no Redis is configured. */
  readonly pool: Pool
  readonly redisClient: Redis | Cluster | undefined
  readonly log: FastifyBaseLogger
  readonly telemetry: Telemetry
  readonly server: ServerFacts
  /** Chaos runs stop the process at the numbered steps of the protocol. */
  readonly step?: StepHook
}

/** Longest wait of a start for the first lease. */
const FIRST_LEASE_MS = 1_000
/** One user's share of EVENT_LISTENERS_MAX. */
const LISTENERS_PER_USER = 100

/** Builds the use cases over PostgreSQL and Redis. Connects to neither before `start`. */
export function createServices(config: Config, options: ServiceOptions): Services {
  const foundation = layFoundation(config, options)
  const { log, telemetry, observer, pool, viewPool, availability, webhooks } = foundation
  const numbers = foundation.traced('postgresql', new PostgresSequence(pool, availability))
  const layer = wireCache(foundation, options.redisClient, numbers)
  const { redis, cluster, supervisor, view, counter, exchange } = layer
  const settings = wireSettings(foundation, layer)
  const jobs = wireJobs(foundation, settings)
  const ready = () => startUp.done
  const fleet = wireFleet(foundation, layer, options.server, ready)
  let migrated: MigrationReport | undefined
  const startUp: StartUp = new StartUp({
    migrate: async () => {
      migrated = await migrate(config.database.url)
    },
    words: error => startFailure(error, config),
    isAway,
    supervisor,
    loadDefaults: () => settings.admin.loadIfMissing(),
    background: [jobs.retention, jobs.runner, fleet, ...(webhooks === undefined ? [] : [webhooks])],
    log,
  })
  const changes = new ChangeFeed({
    log: new PostgresChangeLog(pool, availability),
    limits: { all: config.http.maxListeners, perUser: LISTENERS_PER_USER },
    onTrouble: error => observer.failed('change-feed', error),
  })
  telemetry.observe({
    view,
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    listeners: () => changes.count,
    cluster,
  })
  return {
    reads: settings.reads,
    past: new PastReads(settings.history),
    documents: settings.documents,
    bulk: jobs.bulk,
    schedules: jobs.schedules,
    defaults: settings.userDefaults,
    admin: settings.admin,
    transfer: settings.transfer,
    audit: new Audit(settings.history),
    users: settings.users,
    sequence: wireOrderNumbers(foundation, settings, counter, numbers),
    exchange,
    cache: settings.inspection,
    status: new Status({
      redis: redisStatus(layer),
      view,
      databaseLatencyMs: () => availability.latencyMs,
      unverified: () => (config.database.onOutage === 'refuse' ? undefined : layer.ages()),
      ready,
      startProblem: () => startUp.problem,
    }),
    changes,
    fleet,
    retention: jobs.retention,
    pool,
    redis,
    cluster,
    migrationReport: () => migrated,
    start: async () => {
      layer.open()
      await startUp.begin()
      // So that the first request is a hit already; without Redis the start does not wait long.
      const patience = SYSTEM_CLOCK.now() + (config.redis.target === undefined ? 0 : FIRST_LEASE_MS)
      while (!view().leaseHeld && SYSTEM_CLOCK.now() < patience) {
        if (redis?.isCluster) throw new ConfigError([CLUSTER_FOUND])
        await SYSTEM_CLOCK.sleep(20)
      }
      if (startUp.done) await settings.defaults.read()
    },
    close: async () => {
      const left = fleet.stop()
      await changes.close()
      await startUp.stop()
      await jobs.retention.stop()
      await jobs.runner.stop()
      await webhooks?.stop()
      await supervisor.stop()
      layer.close()
      await left
      await viewPool.end()
    },
  }
}
