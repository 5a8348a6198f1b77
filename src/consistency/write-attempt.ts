import { refId } from './batch-reader.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { Change, Row } from './document-rows.ts'
import { Fencing, type FencingDeps } from './fencing.ts'
import { UNREACHABLE } from './handover.ts'
import type { Outage } from './outage.ts'
import type { RecentRows } from './recent-rows.ts'
import { Speculations } from './speculations.ts'
import type { RowLocks, StorePort, WriteTransaction } from './store-port.ts'
import { CommitUnknownError, DatabaseUnavailableError, WriteConflictError } from './store-port.ts'
import type { ViewToken } from './views.ts'
import type { WriteJob } from './write-batches.ts'
import { type PlannedJob, planWrites, preparedJobs } from './write-plan.ts'

export interface WriteAttemptDeps extends FencingDeps {
  readonly store: StorePort
  readonly outage: Outage
  readonly check: DatabaseCheck
  /** Several writers may share them. */
  readonly recent: RecentRows
}

/** The jobs that one transaction did not finish. */
export interface Unfinished {
  /** To be tried again at once. */
  readonly retry: readonly WriteJob[]
  /** To be done alone, each in a transaction that waits for its row locks. */
  readonly alone: readonly WriteJob[]
}

const FINISHED: Unfinished = { retry: [], alone: [] }

/** The transaction of a write, or of several: locks, plan, fences, COMMIT and put, as in docs/consistency.md. */
export class WriteAttempt {
  readonly #deps: WriteAttemptDeps
  readonly #fencing: Fencing
  readonly #speculations: Speculations

  constructor(deps: WriteAttemptDeps) {
    this.#deps = deps
    this.#fencing = new Fencing(deps)
    this.#speculations = new Speculations(deps.recent)
  }

  /**
   * Settles the jobs, except those that it resolves to. `rowLocks`: 'wait' with one job only. `mayPlanAhead`: from what the process
   * remembers. Never rejects.
   */
  async run(jobs: readonly WriteJob[], rowLocks: RowLocks, mayPlanAhead: boolean): Promise<Unfinished> {
    const refs = jobs.flatMap(each => each.refs)
    const speculation = mayPlanAhead ? this.#speculations.of(jobs, refs) : undefined
    let tx: WriteTransaction
    try {
      tx = await this.#deps.store.beginWrite(refs, rowLocks, speculation)
    } catch (error) {
      for (const job of jobs) job.reject(error)
      return FINISHED
    }
    if (speculation !== undefined && !speculation.holds(tx)) {
      this.#speculations.outdated(tx)
      await tx.rollback()
      return { retry: jobs, alone: [] }
    }
    const preparing = jobs.map(job => job.prepare?.(tx.defaultsVersion))
    if (preparing.some(each => each !== undefined)) {
      // Before the ROLLBACK, which takes longer than some of them to fail.
      const settled = Promise.allSettled(preparing)
      // Not inside the transaction: what they wait for may need a connection too, and all may be in use by such transactions.
      await tx.rollback()
      return { retry: preparedJobs(jobs, await settled), alone: [] }
    }
    const unlocked = new Set(tx.unlocked.map(refId))
    const isLocked = ({ refs }: WriteJob) => !refs.some(ref => unlocked.has(refId(ref)))
    const { retry, alone } = await this.#carryOut(tx, jobs.filter(isLocked), speculation?.planned)
    return { retry, alone: [...alone, ...jobs.filter(job => !isLocked(job))] }
  }

  /** `speculated`: the plan that is in the transaction already. */
  async #carryOut(
    tx: WriteTransaction,
    jobs: readonly WriteJob[],
    speculated: readonly PlannedJob[] | undefined,
  ): Promise<Unfinished> {
    const { observer, check, outage } = this.#deps
    const retryAll = { retry: jobs, alone: [] }
    let planned: readonly PlannedJob[] = jobs.map(job => ({ job, result: undefined, changes: [] }))
    let tooLarge: readonly WriteJob[] = []
    let nonce: string | undefined
    let rows: readonly Row[]
    try {
      await observer.step('write.locked')
      if (!(await check.admits(tx))) return retryAll
      if (tx.otherLayoutUsed) {
        await tx.rollback()
        await outage.endOtherLayout()
        return retryAll
      }
      // Before the jobs see the rows: also a job that changes nothing, or gives up, tells its caller of them, and until the
      // leases have ended other instances may answer older ones.
      if (tx.view.mode === 'OFF' && !tx.view.drained) {
        await tx.rollback()
        await outage.waitUntilDrained(tx.view)
        return retryAll
      }
      if (speculated === undefined) {
        const planning = planWrites(tx, jobs, this.#deps.clock)
        const plan = planning instanceof Promise ? await planning : planning
        planned = plan.planned
        tooLarge = plan.tooLarge
      } else planned = speculated
      const changes = planned.flatMap(each => each.changes)
      if (changes.length === 0) {
        await tx.rollback()
        return { retry: [], alone: tooLarge }
      }
      nonce = await this.#placeFences(tx, changes)
      if (nonce === undefined) return { retry: planned.map(({ job }) => job), alone: tooLarge }
      await observer.step('write.fenced')
      rows = await tx.applyAndCommit(changes)
    } catch (error) {
      await tx.rollback()
      const unfinished = afterFailure(planned, error)
      return { retry: unfinished.retry, alone: [...unfinished.alone, ...tooLarge] }
    }
    await observer.step('write.committed')
    this.#speculations.learn(tx, planned, rows)
    if (tx.view.mode === 'ON') await this.#fencing.store(tokenOf(tx), nonce, rowsToCache(planned, rows))
    await observer.step('write.put')
    let first = 0
    for (const { job, result, changes } of planned) {
      const end = first + changes.length
      job.resolve({ result, rows: rows.slice(first, end) })
      first = end
    }
    return { retry: [], alone: tooLarge }
  }

  /**
   * Places the fences; none are needed while the view is OFF. Their nonce. Undefined = they do not stand: the transaction is rolled
   * back, and the view is OFF and drained.
   */
  async #placeFences(tx: WriteTransaction, changes: readonly Change[]): Promise<string | undefined> {
    const { outage, handover } = this.#deps
    const { view } = tx
    if (view.mode === 'OFF') return ''
    const fence = await this.#fencing.place(tokenOf(tx), changes)
    if (fence.standing) return fence.nonce
    await tx.rollback()
    const { failure } = fence
    const off = await (failure === UNREACHABLE
      ? handover.turnOff(view.epoch)
      : outage.turnOff(view.epoch, failure))
    if (off.mode === 'OFF' && !off.drained) await outage.waitUntilDrained(off)
    return undefined
  }
}

/** `rows`: in the order of the changes. The fence of a row that is left out stands until a read fills its key. */
function rowsToCache(planned: readonly PlannedJob[], rows: readonly Row[]): readonly Row[] {
  const isCold = planned.flatMap(({ job, changes }) =>
    changes.map(({ previous }) => job.leavesNewCold && previous === 0),
  )
  return rows.filter((_, i) => !isCold[i])
}

/** Handles a failed transaction: nothing is stored, or it is unknown. When one write of several may be at fault, each is tried alone. */
function afterFailure(planned: readonly PlannedJob[], error: unknown): Unfinished {
  const jobs = planned.map(({ job }) => job)
  const concernsAll = error instanceof DatabaseUnavailableError || error instanceof CommitUnknownError
  if (jobs.length > 1 && !concernsAll) return { retry: [], alone: jobs }
  if (error instanceof WriteConflictError) return { retry: jobs, alone: [] }
  for (const job of jobs) job.reject(error)
  return FINISHED
}

function tokenOf(tx: WriteTransaction): ViewToken {
  return { epoch: tx.view.epoch, database: tx.view.database!, identity: tx.view.identity! }
}
