import { BatchReader, VERSIONS, WHOLE_ROWS } from './batch-reader.ts'
import type { CachePort } from './cache-port.ts'
import { DatabaseCheck } from './database-check.ts'
import { DatabaseRead } from './database-read.ts'
import { DegradedRead } from './degraded-read.ts'
import { Follower } from './follower.ts'
import { Gate } from './gate.ts'
import { Handover, type HandoverPort } from './handover.ts'
import { Lease } from './lease.ts'
import { NearCache } from './near-cache.ts'
import { Outage } from './outage.ts'
import type { ClockPort, CodecPort, ObserverPort, ProtocolTimes } from './ports.ts'
import { Reader } from './read.ts'
import { RecentRows } from './recent-rows.ts'
import { Renewal } from './renewal.ts'
import type { RenewalTicks } from './renewal-ticks.ts'
import { Repair } from './repair.ts'
import type { StorePort } from './store-port.ts'
import { Supervisor } from './supervisor.ts'
import { Writer } from './write.ts'
import type { WriteSlots } from './write-slots.ts'

export interface ProtocolDeps {
  readonly store: StorePort
  readonly handovers: HandoverPort
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly times: ProtocolTimes
  /** Host and name of the database, for operators who look into Redis. */
  readonly databaseName: string
  /** Longest wait of a read for rows of the database, milliseconds. */
  readonly readWaitMs: number
  /** Bound of the near cache; 0 = none. */
  readonly nearCacheBytes: number
  /** The near cache of several protocols of one process, in the place of one of `nearCacheBytes`. */
  readonly near?: NearCache
  /** The rows of several protocols of one process that were stored last. */
  readonly recent?: RecentRows
  /** The follower of several protocols of one process, of the same `near`. */
  readonly follower?: Follower
  /** Every gate starts cold: the view is of a partition of a cluster. */
  readonly alwaysCold?: boolean
  /** For several protocols that renew their leases together. */
  readonly ticks?: RenewalTicks
  /** Transactions at once that may hold several writes: fewer than there are connections. Several protocols may share them. */
  readonly writeSlots: WriteSlots
  /** ON_DATABASE_OUTAGE=serve. */
  readonly serveUnverified: boolean
}

/** One instance's part in the cache protocol: what reads and writes call, and the supervisor that keeps the lease. */
export interface Protocol {
  readonly reader: Reader
  readonly writer: Writer
  readonly supervisor: Supervisor
  readonly lease: Lease
  readonly outage: Outage
  readonly near: NearCache
  readonly handover: Handover
  readonly check: DatabaseCheck
}

/**
 * The classes that implement the rules of docs/consistency.md. The simulation replaces one at a time by a broken one, to prove
 * that its rule is needed.
 */
export interface ProtocolParts {
  readonly Lease: typeof Lease
  readonly BatchReader: typeof BatchReader
  readonly Follower: typeof Follower
  readonly Reader: typeof Reader
  readonly Writer: typeof Writer
  readonly Gate: typeof Gate
  readonly DatabaseCheck: typeof DatabaseCheck
  readonly Outage: typeof Outage
}

export const PROTOCOL_PARTS: ProtocolParts = {
  Lease,
  BatchReader,
  Follower,
  Reader,
  Writer,
  Gate,
  DatabaseCheck,
  Outage,
}

/** Wires the steps together. `supervisor.start()` begins the renewals. */
export function createProtocol(deps: ProtocolDeps, parts: ProtocolParts = PROTOCOL_PARTS): Protocol {
  const { clock, times } = deps
  const lease = new parts.Lease(clock, times.leaseMs)
  const outage = new parts.Outage({ ...deps, lease })
  const handover = new Handover({ ...deps, port: deps.handovers, lease, outage, renewMs: times.renewMs })
  const check = new parts.DatabaseCheck({ ...deps, lease })
  const repair = new Repair(deps)
  const near = deps.near ?? new NearCache(deps.nearCacheBytes)
  const rows = new parts.BatchReader(deps, WHOLE_ROWS)
  const database = new DatabaseRead({ ...deps, repair, batch: rows })
  const follower = deps.follower ?? new parts.Follower({ ...deps, near })
  const versions = new parts.BatchReader(deps, VERSIONS)
  const degraded = new DegradedRead({ ...deps, near, follower, rows, versions })
  const reader = new parts.Reader({ ...deps, lease, near, database, degraded, check })
  const recent = deps.recent ?? new RecentRows(clock)
  const writer = new parts.Writer({ ...deps, lease, outage, handover, check, recent })
  const renewal = new Renewal({ ...deps, lease, outage, check, leaseMs: times.leaseMs })
  const supervisor = new Supervisor({ ...deps, lease, outage, renewal, handover, gate: new parts.Gate(deps) })
  return { reader, writer, supervisor, lease, outage, near, handover, check }
}
