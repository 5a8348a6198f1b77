import type { BreakerState } from '../cache/breaker.ts'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import type { ViewStatus } from '../consistency/supervisor.ts'
import type { OpenJobs } from '../jobs/ports.ts'
import type { TableSize } from '../retention/ports.ts'

/** What the parts below http count. http implements it over its metrics registry; tests may ignore it. */
export interface Telemetry {
  /** One read of settings, by how it was answered. */
  readAnswered(status: ReadStatus): void
  /**
   * A new state of the breaker; `error`: what opened it, undefined when a probe failed and it stays open. `node`: its address,
   * when Redis is a cluster.
   */
  breakerChanged(state: BreakerState, error?: unknown, node?: string): void
  /** This instance sees the view OFF, turned by itself or another; once for each time. */
  viewOff(reason: string): void
  /** This instance sees the view ON, `recoveryMs` after it saw it OFF; `how` is for operators. */
  viewOn(recoveryMs: number, how: string): void
  /** Numbers handed out. */
  sequenceDrawn(source: 'redis' | 'database', count: number): void
  /** A user's numbers of one day went above SEQUENCE_WARN_ABOVE. */
  sequenceHigh(): void
  /** One step of the retention. */
  retentionStepped(task: string, removed: number): void
  /** Sizes of the tables that grow; none = another instance measures them. */
  tablesMeasured(sizes: readonly TableSize[]): void
  /** One step of a schedule, `latenessMs` after it was due, or one user of a bulk change. */
  jobStepDone(job: string, outcome: string, latenessMs: number | undefined): void
  /** Jobs of all users that are open. */
  openJobsCounted(open: OpenJobs): void
  /** An event was sent to the receiver of webhooks, once. */
  webhookTried(type: string, answer: string): void
  /** An event that the receiver of webhooks will not hear of. */
  webhookDropped(type: string, cause: string): void
  /** Age of the oldest event that the receiver of webhooks does not have, as far as this instance tells; 0 = none. */
  webhookOldest(ageMs: number): void
  /** Called once: the values to read when the metrics are scraped. */
  observe(sources: TelemetrySources): void
}

export interface TelemetrySources {
  readonly view: () => ViewStatus
  /** Only with a Redis Cluster. */
  readonly cluster: ClusterSource | undefined
  readonly pool: () => { readonly total: number; readonly idle: number; readonly waiting: number }
  readonly listeners: () => number
}

/** The state of a cluster as this instance sees it. */
export interface ClusterSource {
  /** The nodes that own partitions. */
  nodes(): readonly {
    readonly address: string
    readonly breaker: { readonly state: BreakerState }
    readonly partitions: number
  }[]
  /** Partitions, and those that this instance answers from Redis. */
  partitions(): { readonly total: number; readonly on: number }
}

export const NO_TELEMETRY: Telemetry = {
  readAnswered: () => {},
  breakerChanged: () => {},
  viewOff: () => {},
  viewOn: () => {},
  sequenceDrawn: () => {},
  sequenceHigh: () => {},
  retentionStepped: () => {},
  tablesMeasured: () => {},
  jobStepDone: () => {},
  openJobsCounted: () => {},
  webhookTried: () => {},
  webhookDropped: () => {},
  webhookOldest: () => {},
  observe: () => {},
}
