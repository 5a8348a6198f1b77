import type { Pool } from 'pg'
import type { DocumentRef, HeldVersion, SpeculativeChanges } from '../consistency/document-rows.ts'
import type {
  ChangedRows,
  GateTransaction,
  RecentChanges,
  RowLocks,
  RowsRead,
  StorePort,
  WriteTransaction,
} from '../consistency/store-port.ts'
import type { UndrainedView, View, ViewSnapshot } from '../consistency/views.ts'
import { within } from '../within.ts'
import { type Availability, lateView } from './availability.ts'
import { rejectUnavailable } from './database-errors.ts'
import type { PartitionViews } from './partition-views.ts'
import { ViewMissingError } from './rows.ts'
import { beginWrite } from './statements/begin-write.ts'
import {
  applyChanges,
  selectChangedDocuments,
  selectChangedSince,
  selectDocuments,
  selectRecentChanges,
  tryLockDocuments,
} from './statements/documents.ts'
import { noteKnownNumbers } from './statements/sequences.ts'
import {
  beginIncarnation,
  healView,
  lockOneView,
  raiseLease,
  selectDatabaseState,
  selectView,
  selectViewSnapshot,
  setViewsDrained,
  takeNewEpoch,
  turnOtherLayoutOff,
  turnViewOff,
  turnViewOn,
} from './statements/view.ts'
import { Transaction } from './transaction.ts'

export interface PostgresStoreDeps {
  readonly pool: Pool
  /** Serves the lease renewals: they must not wait behind the requests. */
  readonly viewPool: Pool
  /** Longest wait of a lease renewal. */
  readonly viewTimeoutMs: number
  readonly availability: Availability
  /** The id of the view: 0 = one Redis (default), others = a partition of a cluster. */
  readonly view?: number
  /** Reads the views of all partitions at once, and tells the Availability. */
  readonly partitionViews?: Pick<PartitionViews, 'read'>
  /** Order numbers that Redis knows of, by day: they may be of a time that the database has lost. Never rejects; none without it. */
  readonly knownNumbers?: () => Promise<ReadonlyMap<string, number>>
}

/** The StorePort over PostgreSQL. */
export class PostgresStore implements StorePort {
  readonly #pool: Pool
  readonly #view: number
  readonly #readSnapshot: () => Promise<ViewSnapshot>
  readonly #availability: Availability
  readonly #knownNumbers: NonNullable<PostgresStoreDeps['knownNumbers']>

  constructor(deps: PostgresStoreDeps) {
    const { pool, viewPool, viewTimeoutMs, availability, knownNumbers, partitionViews, view = 0 } = deps
    this.#view = view
    const readOwn = () => this.#healing(() => selectViewSnapshot(viewPool, view))
    this.#readSnapshot =
      partitionViews === undefined
        ? () => availability.watch(() => within(viewTimeoutMs, readOwn(), () => lateView(viewTimeoutMs)))
        : () => partitionViews.read(view)
    this.#pool = pool
    this.#availability = availability
    this.#knownNumbers = knownNumbers ?? (async () => new Map())
  }

  /** Also tells the Availability, and so all other callers, whether the database is reachable. */
  async readView(): Promise<ViewSnapshot> {
    return rejectUnavailable(this.#readSnapshot)
  }

  readRows(refs: readonly DocumentRef[]): Promise<RowsRead> {
    return this.#availability.query(() => selectDocuments(this.#pool, this.#view, refs))
  }

  readChangedRows(
    refs: readonly DocumentRef[],
    held: readonly (HeldVersion | undefined)[],
  ): Promise<ChangedRows> {
    return this.#availability.query(() => selectChangedDocuments(this.#pool, this.#view, refs, held))
  }

  readChangesSince(xid: bigint, limit: number): Promise<RecentChanges> {
    return this.#availability.query(() => selectRecentChanges(this.#pool, xid, limit))
  }

  async readIfUnlocked(refs: readonly DocumentRef[]): Promise<RowsRead | null> {
    const { transaction, state: locked } = await Transaction.begin(this.#pool, this.#availability, client =>
      tryLockDocuments(client, refs),
    )
    try {
      return locked ? await transaction.run(client => selectDocuments(client, this.#view, refs)) : null
    } finally {
      await transaction.rollback()
    }
  }

  async beginWrite(
    refs: readonly DocumentRef[],
    rowLocks: RowLocks,
    speculative?: SpeculativeChanges,
  ): Promise<WriteTransaction> {
    const { transaction, state } = await this.#healing(() =>
      Transaction.open(this.#pool, this.#availability, client =>
        beginWrite(client, this.#view, refs, rowLocks, speculative),
      ),
    )
    const { applying, ...seen } = state
    if (applying !== undefined) transaction.expect(applying)
    return {
      ...seen,
      look: () => transaction.run(selectDatabaseState),
      applyAndCommit: async changes => {
        const answer = await (applying === undefined
          ? transaction.runAndCommit(applyChanges(changes))
          : transaction.commitExpected())
        const updatedAt = answer.rows[0]!.updated_at as string
        return changes.map(({ ref, version, data }) => ({ ref, version, data, updatedAt, isCanonical: true }))
      },
      rollback: () => transaction.rollback(),
    }
  }

  async setOff(epoch: number, reason: string): Promise<View> {
    return this.#availability.query(async () => {
      await turnViewOff(this.#pool, this.#view, epoch, reason)
      return await selectView(this.#pool, this.#view)
    })
  }

  setOtherLayoutOff(): Promise<readonly UndrainedView[]> {
    return this.#availability.query(() => turnOtherLayoutOff(this.#pool, this.#view))
  }

  setOtherLayoutDrained(views: readonly UndrainedView[]): Promise<void> {
    return rejectUnavailable(() => setViewsDrained(this.#pool, views))
  }

  setDrained(epoch: number): Promise<void> {
    return rejectUnavailable(() => setViewsDrained(this.#pool, [{ view: this.#view, epoch }]))
  }

  newEpoch(epoch: number, atLeast: number): Promise<number | null> {
    return rejectUnavailable(() => takeNewEpoch(this.#pool, this.#view, epoch, atLeast))
  }

  async beginGate(): Promise<GateTransaction> {
    const { transaction, state } = await Transaction.begin(this.#pool, this.#availability, async client => {
      await lockOneView(client, this.#view)
      const { view, otherLayout, database, nextXid, oldestXid } = await selectViewSnapshot(client, this.#view)
      return { view, otherLayout, database, nextXid, oldestXid }
    })
    return {
      ...state,
      changedSince: (xid, limit) => transaction.run(client => selectChangedSince(client, xid, limit)),
      setOn: (v, leaseMs) => transaction.run(client => turnViewOn(client, this.#view, v, leaseMs)),
      commit: () => transaction.commit(),
      rollback: () => transaction.rollback(),
    }
  }

  beginIncarnation(database: string, reason: string, atLeast: number): Promise<void> {
    return rejectUnavailable(async () => {
      const known = await this.#knownNumbers()
      if (known.size > 0) await noteKnownNumbers(this.#pool, known)
      await beginIncarnation(this.#pool, database, reason, atLeast)
    })
  }

  raiseLease(leaseMs: number): Promise<void> {
    return rejectUnavailable(() => raiseLease(this.#pool, this.#view, leaseMs))
  }

  async #healing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ViewMissingError)) throw error
      await healView(this.#pool, this.#view)
      return work()
    }
  }
}
