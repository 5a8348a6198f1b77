/** What is cleared away, as metrics name it. */
export const RETENTION_TASKS = [
  'history',
  'sequences',
  'replies',
  'schedules',
  'bulk-changes',
  'instances',
] as const
export type RetentionTask = (typeof RETENTION_TASKS)[number]

/** How long the history is kept: a version goes when it is beyond both, and the newest never goes. */
export interface HistoryLimits {
  readonly keepVersions: number
  readonly keepDays: number
}

/** One step: rows that went, and whether there is more to do in this round. */
export interface RetentionStep {
  readonly removed: number
  readonly done: boolean
}

/** Rows (an estimate of the server) and bytes, indexes included. */
export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly bytes: number
}

/** PostgreSQL. Every method rejects with DatabaseUnavailableError when it is away. */
export interface RetentionStorePort {
  /** False = another instance clears away. */
  claim(holder: string): Promise<boolean>
  step(task: RetentionTask, limits: HistoryLimits): Promise<RetentionStep>
  sizes(): Promise<readonly TableSize[]>
}

/** What happened, for metrics and logs. */
export interface RetentionObserverPort {
  stepped(task: RetentionTask, removed: number): void
  /** All tables, as this instance saw them last. */
  measured(sizes: readonly TableSize[]): void
  /** Another instance clears away: what this one measured before is out of date. */
  yielded(): void
  failed(error: unknown): void
}
