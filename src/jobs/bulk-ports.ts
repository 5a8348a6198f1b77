import type { Fault } from '../errors.ts'
import type { FieldCondition } from '../transfer/ports.ts'

export type BulkState = 'running' | 'done' | 'cancelled' | 'failed'

/** One change of many users. Times are RFC 3339, UTC. */
export interface BulkChange {
  readonly id: string
  readonly kind: string
  /** JSON text of the patch; '' for one that takes another one back. */
  readonly data: string
  /** The conditions as the caller sent them; none = all users. */
  readonly where: readonly string[]
  readonly reason: string
  /** The bulk change that this one takes back. */
  readonly reverts: string | null
  readonly createdBy: string
  readonly createdAt: string
  readonly state: BulkState
  /** True when all users are listed: `total` is final then. */
  readonly listed: boolean
  readonly total: number
  readonly failure: string | null
  readonly endedAt: string | null
}

export interface BulkProgress extends BulkChange {
  readonly done: number
  readonly unchanged: number
  readonly refused: number
  /** Since the first user was about to be changed; null = not yet. */
  readonly runningMs: number | null
}

/** A bulk change that was given to this instance. */
export interface ClaimedBulk extends BulkChange {
  /** Each user's version must still be the listed one. */
  readonly isGuarded: boolean
}

export interface NewBulk {
  readonly id: string
  readonly kind: string
  readonly data: string
  readonly where: readonly string[]
  readonly reason: string
  readonly reverts: string | null
  /** A snapshot as PostgreSQL writes it; null = no condition. */
  readonly since: string | null
  readonly createdBy: string
}

/** A user who is not changed yet. */
export interface PendingUser {
  readonly userId: string
  /** The version at the time of the list, or that is to be taken back. */
  readonly version: number | null
  /** JSON text of the changes of that version; null when the history does not have it. Only for one that takes another one back. */
  readonly changes: string | null
}

/** A user whom no write marks. */
export interface SettledUser {
  readonly userId: string
  readonly state: 'unchanged' | 'refused'
  readonly faults?: readonly Fault[]
}

/** A value that a bulk change sets. */
export interface FieldValue {
  /** Names on the way to the field. */
  readonly path: readonly string[]
  /** JSON text. */
  readonly json: string
}

/** What a bulk change would do to the users of one page. */
export interface PreviewPage {
  /** The last user looked at; null = there are no more. */
  readonly last: string | null
  readonly users: number
  /** Of these, how many would change. */
  readonly changing: number
  /** For each field, of how many users it would change. */
  readonly fields: readonly number[]
}

/** PostgreSQL. Every method rejects with DatabaseUnavailableError when the server is away. */
export interface BulkStorePort {
  /** False when `mostRunning` are running already. */
  add(bulk: NewBulk, mostRunning: number): Promise<boolean>
  find(id: string): Promise<BulkProgress | undefined>
  /** Newest first. */
  list(limit: number): Promise<readonly BulkProgress[]>
  refusals(id: string, limit: number): Promise<readonly { userId: string; faults: readonly Fault[] }[]>
  /** False unless it was running. */
  cancel(id: string): Promise<boolean>
  /** The oldest one that runs, unless another instance is at it. */
  claim(holder: string, leaseMs: number): Promise<ClaimedBulk | undefined>
  /** False when it has ended, or another instance is at it. */
  renew(id: string, holder: string, leaseMs: number): Promise<boolean>
  /** Lists the next users; false = all are listed. */
  listNext(bulk: ClaimedBulk, conditions: readonly FieldCondition[], users: number): Promise<boolean>
  /** Users behind `after` who are not changed yet, in the order of their ids. */
  pending(bulk: ClaimedBulk, after: string, limit: number): Promise<readonly PendingUser[]>
  settle(id: string, users: readonly SettledUser[]): Promise<void>
  /** False when users are left, or it has ended. */
  finish(id: string): Promise<boolean>
  fail(id: string, failure: string): Promise<void>
  /** The present snapshot, as PostgreSQL writes it. */
  snapshot(): Promise<string>
  preview(
    kind: string,
    fields: readonly FieldValue[],
    conditions: readonly FieldCondition[],
    after: string,
    users: number,
  ): Promise<PreviewPage>
}
