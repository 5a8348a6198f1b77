import type { ReadStatus } from '../consistency/read-outcome.ts'

/** What an instance tells of itself. No address of a store and no secret is in it. */
export interface InstanceReport {
  /** Random, for each start. */
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly uptimeMs: number
  /** Null until it listens. */
  readonly port: number | null
  readonly state: InstanceState
  /** True while it answers from Redis. */
  readonly leaseHeld: boolean
  /** Epoch of the view that it knows; 0 until the database was read. */
  readonly epoch: number
  /** Null = no Redis is configured. */
  readonly breaker: 'closed' | 'half-open' | 'open' | null
  readonly reads: ReadCounts
  /** Resident set size; null = the system did not tell. */
  readonly memoryBytes: number | null
  /** 99th percentile since the beat before; null = no sample. */
  readonly eventLoopDelayMs: number | null
}

export const INSTANCE_STATES = ['starting', 'ready', 'draining'] as const
export type InstanceState = (typeof INSTANCE_STATES)[number]

/** Reads of settings since the start, as the samples of the status count them. */
export interface ReadCounts {
  readonly hits: number
  readonly misses: number
  readonly bypasses: number
  readonly unverified: number
}

/** As PostgreSQL has it; times are RFC 3339, UTC, of PostgreSQL's clock. */
export interface SeenInstance extends Omit<InstanceReport, 'uptimeMs'> {
  readonly startedAt: string
  readonly seenAt: string
  readonly seenMsAgo: number
  readonly alive: boolean
}

/** PostgreSQL. Every method rejects with DatabaseUnavailableError when it is away. */
export interface FleetStorePort {
  /** Stores the report in the place of the one before. Instances beyond `most`, those not seen for longest, go. */
  renew(report: InstanceReport, most: number): Promise<void>
  remove(id: string): Promise<void>
  /** At most `most`, the last started first. `aliveMs`: seen for so long, an instance counts as alive. */
  list(aliveMs: number, most: number): Promise<readonly SeenInstance[]>
}

/** What only the server knows. */
export interface ServerFacts {
  port(): number | null
  draining(): boolean
  /** Reads of settings since the start. */
  reads(): Readonly<Partial<Record<ReadStatus, number>>>
}

/** How the process is; `next` begins another window of the delay. */
export interface VitalsPort {
  read(): Pick<InstanceReport, 'memoryBytes' | 'eventLoopDelayMs'>
  next(): void
  stop(): void
}
