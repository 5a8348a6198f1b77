import type { Fault } from '../errors.ts'

/** waiting: for its start. active: it has started, and waits for its end. */
export type ScheduleState = 'waiting' | 'active' | 'done' | 'cancelled' | 'refused'

/** A change that takes effect later. Times are RFC 3339, UTC. */
export interface Schedule {
  readonly id: string
  readonly userId: string
  readonly kind: string
  readonly section: string | null
  /** JSON text of the patch. */
  readonly data: string
  readonly at: string
  readonly until: string | null
  readonly note: string | null
  readonly createdBy: string
  readonly createdAt: string
  readonly state: ScheduleState
  /** The version that the start made; null = it has not started, or changed nothing. */
  readonly version: number | null
  /** Why a due step was refused. */
  readonly faults: readonly Fault[] | null
  readonly endedAt: string | null
}

/** A step that is due, given to this instance for a while. */
export interface DueStep extends Schedule {
  readonly step: ScheduleStep
  /** The version that the document must still have when the start is due; null = any. */
  readonly baseVersion: number | null
  /** JSON text: the changes of the start, which the end takes back. */
  readonly changes: string
  /** How often the step was begun, this time included. */
  readonly attempts: number
  /** How long ago it was due, milliseconds, by the clock of PostgreSQL. */
  readonly latenessMs: number
}

export type ScheduleStep = 'start' | 'end'

export interface NewSchedule {
  readonly id: string
  readonly userId: string
  readonly kind: string
  readonly section: string | null
  readonly data: string
  readonly at: string
  readonly until: string | null
  readonly note: string | null
  readonly baseVersion: number | null
  readonly createdBy: string
}

/** The most open schedules of a user, and how far ahead they may be. */
export interface ScheduleLimits {
  readonly open: number
  readonly horizonDays: number
}

/** `past`, `far` and `order` are about the times, `full` about the user's open schedules. */
export type Addition = 'added' | 'past' | 'far' | 'order' | 'full'

/** PostgreSQL. Every method rejects with DatabaseUnavailableError when the server is away. */
export interface ScheduleStorePort {
  add(schedule: NewSchedule, limits: ScheduleLimits): Promise<Addition>
  /** Open ones in the order in which they are due, then ended ones, newest first; at most `limit`. */
  list(userId: string, limit: number): Promise<readonly Schedule[]>
  /** False when the user has no such schedule, or it has ended. */
  cancel(userId: string, id: string): Promise<boolean>
  /** Due steps, in order, for `leaseMs`; of each document only the first. */
  claim(limit: number, leaseMs: number): Promise<readonly DueStep[]>
  /** Keeps the claims of these schedules for `leaseMs` from now; of one that is being written, the write decides. */
  renew(ids: readonly string[], leaseMs: number): Promise<void>
  /** The step changed nothing, so no write marks it. False = it was done before. */
  pass(id: string, step: ScheduleStep | RefusalStep): Promise<boolean>
  /** Call before a refusal is written. */
  noteFaults(id: string, faults: readonly Fault[]): Promise<void>
  /** Gives a step back: it is due again after `pauseMs`. */
  release(id: string, pauseMs: number): Promise<void>
  /** True while the schedule waits for this step. */
  isOpen(id: string, step: ScheduleStep): Promise<boolean>
}

export type RefusalStep = `refuse-${ScheduleStep}`

/** What there is to do. */
export interface DueWork {
  /** Steps of schedules that this instance could claim. */
  readonly schedules: boolean
  /** Until the next step is due, or the claim of a due one ends, milliseconds; null = none is planned. */
  readonly nextMs: number | null
  /** A bulk change that runs, and that no instance is at. */
  readonly bulk: boolean
}

export interface JobsStorePort {
  /** One statement, by indexes: each instance asks about once a second. */
  look(): Promise<DueWork>
  countOpen(): Promise<OpenJobs>
}

/** Work that is not finished, of all users. */
export interface OpenJobs {
  /** Scheduled changes that wait for their start or their end. */
  readonly schedule: number
  /** Bulk changes that run. */
  readonly bulk: number
  /** How long the first step that is due has waited, milliseconds; 0 when none is due. */
  readonly overdueMs: number
}

export type StepOutcome = 'done' | 'unchanged' | 'refused'
export type JobKind = 'schedule' | 'bulk'

/** What happened, for metrics and logs. */
export interface JobsObserverPort {
  /** `latenessMs`: since it was due; undefined for a user of a bulk change. */
  stepDone(job: JobKind, outcome: StepOutcome, latenessMs: number | undefined): void
  /** A step was refused: one line of the log. */
  refused(job: JobKind, id: string, faults: readonly Fault[]): void
  openCounted(open: OpenJobs): void
  failed(error: unknown): void
}
