import type { RedisAccess } from '../cache/redis.ts'
import type { Config } from '../config.ts'
import type { Reader } from '../consistency/read.ts'
import type { StorePort } from '../consistency/store-port.ts'
import type { ViewStatus } from '../consistency/supervisor.ts'
import type { Writer } from '../consistency/write.ts'
import { WRITE_SLOTS, WriteSlots } from '../consistency/write-slots.ts'
import type { ExchangeCache } from '../exchange/exchange.ts'
import type { ClusterState } from '../lifecycle/cluster-status.ts'
import type { UnverifiedAges } from '../lifecycle/status.ts'
import type { Counter } from '../sequence/counter.ts'
import type { UserCache } from '../settings/inspection.ts'
import { SYSTEM_CLOCK } from '../system-clock.ts'

/** The cache protocol and everything that is kept in Redis, whatever Redis is made of. */
export interface CacheLayer {
  readonly reader: Pick<Reader, 'read' | 'answer' | 'refill'>
  readonly writer: Pick<Writer, 'write' | 'writeMany'>
  readonly store: Pick<StorePort, 'readRows'>
  /** For looks at the keys of one user. */
  cacheOf(userId: string): UserCache
  readonly counter: Pick<Counter, 'draw' | 'last' | 'forget'>
  readonly exchange: ExchangeCache
  /** The lease renewals. */
  readonly supervisor: { start(): void; stop(): Promise<void> }
  /** Undefined = no single Redis is configured. */
  readonly redis: RedisAccess | undefined
  /** Undefined = no Redis Cluster is configured. */
  readonly cluster: ClusterState | undefined
  /** A lease without a usable Redis answers nothing: one story for health, metrics and the operator page. */
  view(): ViewStatus
  /** False while another database has the Redis: what is there is not of this one's users. */
  isOursFor(userId: string): boolean
  /** How long ago the answers were known to be right that the cache may give while the database is away. */
  ages(): UnverifiedAges
  /** Begins to connect; never fails. */
  open(): void
  close(): void
}

/** A read waits for one statement, and so much for its turn. */
const READ_GRACE_MS = 1_000

/** What every instance of the protocol takes from the configuration. */
export function protocolOptions({ database, redis, times }: Config) {
  return {
    times,
    readWaitMs: database.statementTimeoutMs + READ_GRACE_MS,
    nearCacheBytes: redis.nearCacheBytes,
    writeSlots: new WriteSlots(Math.min(WRITE_SLOTS, database.poolSize - 1), SYSTEM_CLOCK),
    serveUnverified: database.onOutage === 'serve',
  }
}

/** Milliseconds since a moment of the monotonic clock. */
export function ageOf(at: number | undefined): number | null {
  return at === undefined ? null : Math.round(Math.max(0, SYSTEM_CLOCK.now() - at))
}
