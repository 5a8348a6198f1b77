import type { Pool } from 'pg'
import type { Fault } from '../errors.ts'
import type {
  BulkProgress,
  BulkStorePort,
  ClaimedBulk,
  FieldValue,
  NewBulk,
  PendingUser,
  PreviewPage,
  SettledUser,
} from '../jobs/bulk-ports.ts'
import type { FieldCondition } from '../transfer/ports.ts'
import type { Availability } from './availability.ts'
import {
  cancelBulkChange,
  claimBulkChange,
  failBulkChange,
  finishBulkChange,
  insertBulkChange,
  renewBulkClaim,
  selectBulkChange,
  selectBulkChanges,
  selectBulkRefusals,
} from './statements/bulk-changes.ts'
import {
  listBulkUsers,
  listRevertedUsers,
  selectBulkPreview,
  selectPendingUsers,
  selectSnapshot,
  settleBulkUsers,
} from './statements/bulk-users.ts'

/** The BulkStorePort over the tables `bulk_changes` and `bulk_users`. */
export class PostgresBulkChanges implements BulkStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  add(bulk: NewBulk, mostRunning: number): Promise<boolean> {
    return this.#availability.query(() => insertBulkChange(this.#pool, bulk, mostRunning))
  }

  find(id: string): Promise<BulkProgress | undefined> {
    return this.#availability.query(() => selectBulkChange(this.#pool, id))
  }

  list(limit: number): Promise<readonly BulkProgress[]> {
    return this.#availability.query(() => selectBulkChanges(this.#pool, limit))
  }

  refusals(id: string, limit: number): Promise<readonly { userId: string; faults: readonly Fault[] }[]> {
    return this.#availability.query(() => selectBulkRefusals(this.#pool, id, limit))
  }

  cancel(id: string): Promise<boolean> {
    return this.#availability.query(() => cancelBulkChange(this.#pool, id))
  }

  claim(holder: string, leaseMs: number): Promise<ClaimedBulk | undefined> {
    return this.#availability.query(() => claimBulkChange(this.#pool, holder, leaseMs))
  }

  renew(id: string, holder: string, leaseMs: number): Promise<boolean> {
    return this.#availability.query(() => renewBulkClaim(this.#pool, id, holder, leaseMs))
  }

  listNext(bulk: ClaimedBulk, conditions: readonly FieldCondition[], users: number): Promise<boolean> {
    return this.#availability.query(() =>
      bulk.reverts === null
        ? listBulkUsers(this.#pool, bulk, conditions, users)
        : listRevertedUsers(this.#pool, bulk, users),
    )
  }

  pending(bulk: ClaimedBulk, after: string, limit: number): Promise<readonly PendingUser[]> {
    return this.#availability.query(() => selectPendingUsers(this.#pool, bulk, after, limit))
  }

  settle(id: string, users: readonly SettledUser[]): Promise<void> {
    return this.#availability.query(() => settleBulkUsers(this.#pool, id, users))
  }

  finish(id: string): Promise<boolean> {
    return this.#availability.query(() => finishBulkChange(this.#pool, id))
  }

  fail(id: string, failure: string): Promise<void> {
    return this.#availability.query(() => failBulkChange(this.#pool, id, failure))
  }

  snapshot(): Promise<string> {
    return this.#availability.query(() => selectSnapshot(this.#pool))
  }

  preview(
    kind: string,
    fields: readonly FieldValue[],
    conditions: readonly FieldCondition[],
    after: string,
    users: number,
  ): Promise<PreviewPage> {
    return this.#availability.query(() =>
      selectBulkPreview(this.#pool, kind, fields, conditions, after, users),
    )
  }
}
