import type { FastifyBaseLogger } from 'fastify'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'
import { KeyNames } from './cache/keys.ts'
import { NO_CACHE } from './cache/no-cache.ts'
import { openRedis, type RedisAccess } from './cache/redis.ts'
import { RedisExchange } from './cache/redis-exchange.ts'
import { RedisSequence, SEQUENCE_SCRIPTS } from './cache/redis-sequence.ts'
import { endpointNames, endpointOf } from './config/endpoint-names.ts'
import { type Config, ConfigError } from './config.ts'
import { createProtocol } from './consistency/protocol.ts'
import { WRITE_SLOTS } from './consistency/write-batches.ts'
import { ChangeFeed } from './events/change-feed.ts'
import { EXCHANGE_KINDS, type ExchangeCache, NO_EXCHANGE_CACHE } from './exchange/exchange.ts'
import { Fleet, type FleetService } from './fleet/fleet.ts'
import { Instance } from './fleet/instance.ts'
import type { ServerFacts } from './fleet/ports.ts'
import { BulkChanges, type BulkService } from './jobs/bulk-changes.ts'
import { BulkRunner } from './jobs/bulk-runner.ts'
import { BulkSteps } from './jobs/bulk-steps.ts'
import { JobRunner } from './jobs/runner.ts'
import { ScheduleSteps } from './jobs/schedule-steps.ts'
import type { ScheduleService } from './jobs/schedules.ts'
import { Schedules } from './jobs/schedules.ts'
import { StartUp } from './lifecycle/start-up.ts'
import { Status } from './lifecycle/status.ts'
import type { StatusService } from './lifecycle/status-service.ts'
import { openWebhooks } from './open-webhooks.ts'
import { Retention } from './retention/retention.ts'
import { Counter } from './sequence/counter.ts'
import { readKnownNumbers } from './sequence/known-numbers.ts'
import { OrderNumbers } from './sequence/order-numbers.ts'
import { NO_SEQUENCE_CACHE } from './sequence/ports.ts'
import { Replies } from './sequence/replies.ts'
import type { SequenceService } from './sequence/service.ts'
import { UserZones } from './sequence/user-zones.ts'
import { AdminDefaults } from './settings/admin-defaults.ts'
import { AdminDefaultsCache } from './settings/admin-defaults-cache.ts'
import type { AdminDefaultsService, CacheService, UserService } from './settings/admin-service.ts'
import { Audit, type AuditService } from './settings/audit.ts'
import { createCodec } from './settings/codec.ts'
import { DocumentReads } from './settings/document-reads.ts'
import { DocumentWrites } from './settings/document-writes.ts'
import { UserDocuments } from './settings/documents.ts'
import { CacheInspection } from './settings/inspection.ts'
import { PastReads } from './settings/past.ts'
import { Provisioning } from './settings/provisioning.ts'
import type { DefaultsService, DocumentService, PastService, ReadService } from './settings/service.ts'
import { StoredZones } from './settings/stored-zones.ts'
import { UserDefaults } from './settings/user-defaults.ts'
import { Users } from './settings/users.ts'
import { startFailure } from './start-failure.ts'
import { VERSION } from './start-log.ts'
import { Availability } from './store/availability.ts'
import { isAway } from './store/database-errors.ts'
import { type MigrationReport, migrate } from './store/migrate.ts'
import { createViewPool } from './store/pool.ts'
import { PostgresBulkChanges } from './store/postgres-bulk-changes.ts'
import { PostgresChangeLog } from './store/postgres-change-log.ts'
import { PostgresFleet } from './store/postgres-fleet.ts'
import { PostgresHandover } from './store/postgres-handover.ts'
import { PostgresHistory } from './store/postgres-history.ts'
import { PostgresJobs } from './store/postgres-jobs.ts'
import { PostgresRetention } from './store/postgres-retention.ts'
import { PostgresSchedules } from './store/postgres-schedules.ts'
import { PostgresSequence } from './store/postgres-sequence.ts'
import { PostgresStore } from './store/postgres-store.ts'
import { PostgresUsers } from './store/postgres-users.ts'
import { SYSTEM_CLOCK } from './system-clock.ts'
import { toAll } from './telemetry/fan-out.ts'
import { JobsObserver } from './telemetry/jobs-observer.ts'
import { inOneLine } from './telemetry/logged-error.ts'
import { outageWebhooks } from './telemetry/outage-webhooks.ts'
import { ProtocolObserver, type StepHook } from './telemetry/protocol-observer.ts'
import { redisLog } from './telemetry/redis-log.ts'
import { RetentionObserver } from './telemetry/retention-observer.ts'
import { SequenceObserver } from './telemetry/sequence-observer.ts'
import { type StoreSystem, traceCalls } from './telemetry/store-work.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import { Vitals } from './telemetry/vitals.ts'
import { Transfer, type TransferService } from './transfer/transfer-service.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

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
  readonly redisClient: Redis | undefined
  readonly log: FastifyBaseLogger
  readonly telemetry: Telemetry
  readonly server: ServerFacts
  /** Chaos runs stop the process at the numbered steps of the protocol. */
  readonly step?: StepHook
}

/** A read waits for one statement, and so much for its turn. */
const READ_GRACE_MS = 1_000

/** Longest wait of a start for the first lease. */
const FIRST_LEASE_MS = 1_000
const CLUSTER_FAULT =
  'the Redis server is a node of a Redis Cluster: Redis Cluster is not supported; use one primary, or Sentinels'
/** The part of SHUTDOWN_TIMEOUT_MS that the row of this instance has to go. */
const REMOVAL_PART = 4
/** One user's share of EVENT_LISTENERS_MAX. */
const LISTENERS_PER_USER = 100

/** Builds the use cases over PostgreSQL and Redis. Connects to neither before `start`. */
export function createServices(
  config: Config,
  { pool, redisClient, log, telemetry, server, step }: ServiceOptions,
): Services {
  const viewPool = createViewPool(config.database, config.times.leaseMs, error =>
    log.warn({ reason: inOneLine(error) }, 'the database connection of the lease renewals was lost'),
  )
  const availability = new Availability()
  const traced = <T extends object>(system: StoreSystem, port: T) =>
    config.tracing.endpoint === undefined ? port : traceCalls(system, port)
  const names = new KeyNames(config.redis.keyPrefix)
  const codec = createCodec(names)
  let webhooks: Webhooks | undefined
  // Not for what each read calls.
  const outages = toAll(
    telemetry,
    outageWebhooks((type, details) => webhooks?.tell(type, details)),
  )
  const redisEvents = redisLog(log, outages, endpointNames(config).redis)
  const redis = openRedis(config, names, redisEvents, SEQUENCE_SCRIPTS, redisClient)
  const counters =
    redis === undefined
      ? NO_SEQUENCE_CACHE
      : traced('redis', new RedisSequence(redis.scripts, redis.scriptConnection, redis.breaker, names))
  const store = traced(
    'postgresql',
    new PostgresStore({
      pool,
      viewPool,
      viewTimeoutMs: config.times.leaseMs,
      availability,
      knownNumbers: () => readKnownNumbers(counters, SYSTEM_CLOCK),
    }),
  )
  const cache = redis === undefined ? NO_CACHE : traced('redis', redis.cache)
  const observer = new ProtocolObserver(log, outages, step)
  webhooks = openWebhooks(config, { pool, availability, log, telemetry, observer })
  const { reader, writer, supervisor, lease, near, handover, check } = createProtocol({
    store,
    handovers: new PostgresHandover(viewPool),
    cache,
    codec,
    clock: SYSTEM_CLOCK,
    observer,
    times: config.times,
    databaseName: endpointOf(config.database.url),
    readWaitMs: config.database.statementTimeoutMs + READ_GRACE_MS,
    nearCacheBytes: config.redis.nearCacheBytes,
    writeSlots: Math.min(WRITE_SLOTS, config.database.poolSize - 1),
    serveUnverified: config.database.onOutage === 'serve',
  })
  const limits = { documentBytes: config.http.bodyLimitBytes, userBytes: config.settings.userBytes }
  const defaults = new AdminDefaultsCache(reader, store)
  const provisioning = new Provisioning({ writer, defaults, autoProvision: config.settings.autoProvision })
  const reads = new DocumentReads({ reader, store, provisioning, observer: telemetry })
  const writes = new DocumentWrites({ writer, provisioning, limits })
  const admin = new AdminDefaults({
    cache: defaults,
    reads,
    writer,
    limits,
    file: config.settings.defaultsFile,
    onUnused: unused =>
      log.warn({ unused }, 'the defaults file has parts that are kept and mean nothing to the gateway'),
  })
  let migrated: MigrationReport | undefined
  const retention = new Retention({
    store: new PostgresRetention(pool, availability),
    clock: SYSTEM_CLOCK,
    observer: new RetentionObserver(telemetry, observer),
    limits: config.settings.history,
  })
  const history = new PostgresHistory(pool, availability)
  const documents = new UserDocuments({ reads, writes, defaults, limits, history })
  const jobsObserver = new JobsObserver(log, telemetry, observer)
  const scheduleStore = new PostgresSchedules(pool, availability)
  const bulkStore = new PostgresBulkChanges(pool, availability)
  const jobs = new JobRunner({
    store: new PostgresJobs(pool, availability),
    schedules: scheduleStore,
    steps: new ScheduleSteps({ store: scheduleStore, writes, defaults, limits, observer: jobsObserver }),
    bulk: new BulkRunner({
      store: bulkStore,
      steps: new BulkSteps({ writes, defaults, limits }),
      observer: jobsObserver,
      holder: SYSTEM_CLOCK.nonce(),
    }),
    observer: jobsObserver,
  })
  // A lease without a usable Redis answers nothing: one story for health, metrics and the operator page.
  const view = () => {
    const { status } = supervisor
    return { ...status, leaseHeld: status.leaseHeld && cache.usable }
  }
  const vitals = new Vitals()
  const ready = () => startUp.done
  const fleet = new Fleet({
    instance: new Instance({
      version: VERSION,
      clock: SYSTEM_CLOCK,
      server,
      vitals,
      view,
      breaker: () => redis?.breaker.state ?? null,
      ready,
    }),
    store: new PostgresFleet(pool, availability),
    vitals,
    ready,
    removeMs: config.shutdown.timeoutMs / REMOVAL_PART,
    onFailed: error => observer.failed('heartbeat', error),
  })
  const startUp: StartUp = new StartUp({
    migrate: async () => {
      migrated = await migrate(config.database.url)
    },
    words: error => startFailure(error, config),
    isAway,
    supervisor,
    loadDefaults: () => admin.loadIfMissing(),
    background: [retention, jobs, fleet, ...(webhooks === undefined ? [] : [webhooks])],
    log,
  })
  const numbers = traced('postgresql', new PostgresSequence(pool, availability))
  const numbersObserver = new SequenceObserver(log, telemetry)
  const counter = new Counter({
    cache: counters,
    store: numbers,
    view: store,
    lease,
    check,
    handover,
    clock: SYSTEM_CLOCK,
    renewMs: config.times.renewMs,
  })
  /** Keys of a Redis that another database uses are of that one's users. */
  const isOurs = () => supervisor.status.anotherOwner === undefined
  const exchange =
    redis === undefined
      ? NO_EXCHANGE_CACHE
      : new RedisExchange({
          client: redis.client,
          breaker: redis.breaker,
          names,
          isOurs,
          ttlMs: config.settings.binanceCacheTtlMs,
          timeoutMs: config.times.fenceTimeoutMs,
        })
  const changes = new ChangeFeed({
    log: new PostgresChangeLog(pool, availability),
    limits: { all: config.http.maxListeners, perUser: LISTENERS_PER_USER },
    onTrouble: error => observer.failed('change-feed', error),
  })
  const forget = async (userId: string) => {
    for (const kind of EXCHANGE_KINDS) await exchange.remove(userId, kind)
    if (isOurs()) await counter.forget(userId)
  }
  const unverified = () => {
    if (config.database.onOutage === 'refuse') return undefined
    const ageMs = (at: number | undefined) =>
      at === undefined ? null : Math.round(Math.max(0, SYSTEM_CLOCK.now() - at))
    return { redisMs: ageMs(lease.provenAt), memoryMs: ageMs(near.oldestConfirmation) }
  }
  telemetry.observe({
    view,
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    listeners: () => changes.count,
  })
  return {
    reads,
    past: new PastReads(history),
    documents,
    bulk: new BulkChanges({ store: bulkStore, defaults }),
    schedules: new Schedules({ store: scheduleStore, reads, documents, limits }),
    defaults: new UserDefaults({ reads, writes, defaults, limits }),
    admin,
    transfer: new Transfer({
      store: new PostgresUsers(pool, availability),
      writer,
      defaults,
      counter,
      limits,
    }),
    audit: new Audit(history),
    users: new Users({ writer, provisioning, forget }),
    sequence: new OrderNumbers({
      counter,
      zones: new UserZones(new StoredZones(reads, defaults), numbersObserver),
      replies: new Replies(numbers),
      clock: SYSTEM_CLOCK,
      observer: numbersObserver,
      warnAbove: config.settings.sequenceWarnAbove,
    }),
    exchange,
    cache: new CacheInspection({ cache, store, codec, reader, provisioning }),
    status: new Status({
      redis,
      view,
      databaseLatencyMs: () => availability.latencyMs,
      unverified,
      ready,
      startProblem: () => startUp.problem,
    }),
    changes,
    fleet,
    retention,
    pool,
    redis,
    migrationReport: () => migrated,
    start: async () => {
      redis?.open()
      await startUp.begin()
      // So that the first request is a hit already; without Redis the start does not wait long.
      const patience = SYSTEM_CLOCK.now() + (redis === undefined ? 0 : FIRST_LEASE_MS)
      while (!supervisor.status.leaseHeld && SYSTEM_CLOCK.now() < patience) {
        if (redis?.isCluster) throw new ConfigError([CLUSTER_FAULT])
        await SYSTEM_CLOCK.sleep(20)
      }
      if (startUp.done) await defaults.read()
    },
    close: async () => {
      const left = fleet.stop()
      await changes.close()
      await startUp.stop()
      await retention.stop()
      await jobs.stop()
      await webhooks?.stop()
      await supervisor.stop()
      redis?.close()
      await left
      await viewPool.end()
    },
  }
}
