import { refId } from './batch-reader.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { Decision, Prepare, WriteResult } from './decision.ts'
import type { Change, ChangeMeta, DocumentRef, Row } from './document-rows.ts'
import { Fencing, type FencingDeps } from './fencing.ts'
import { UNREACHABLE } from './handover.ts'
import type { Outage } from './outage.ts'
import type { RecentRows } from './recent-rows.ts'
import { Speculations } from './speculations.ts'
import type { StorePort, WriteTransaction } from './store-port.ts'
import { CommitUnknownError, DatabaseUnavailableError, WriteConflictError } from './store-port.ts'
import type { ViewToken } from './views.ts'
import { WaitLimit } from './wait-limit.ts'
import { LARGE_BATCHES, SMALL_BATCHES, WriteBatches, type WriteJob } from './write-batches.ts'
import { type PlannedJob, planWrites, preparedJobs } from './write-plan.ts'
import { WriteQueue } from './write-queue.ts'
import type { WriteSlots } from './write-slots.ts'

export interface WriteDeps extends FencingDeps {
  readonly store: StorePort
  readonly outage: Outage
  readonly check: DatabaseCheck
  /** Several writers may share them. */
  readonly recent: RecentRows
  /** Transactions at once that may hold several writes: fewer than there are connections. Several writers may share them. */
  readonly writeSlots: WriteSlots
}

/** Tries of one write: the view may turn OFF, and ON again, between them, and a plan made ahead may not hold. */
const MAX_TRIES = 6
/** The jobs that one transaction did not finish. */
interface Unfinished {
  /** To be tried again at once. */
  readonly again: readonly WriteJob[]
  /** To be done alone. */
  readonly left: readonly WriteJob[]
}

const FINISHED: Unfinished = { again: [], left: [] }

/** The write of docs/consistency.md. */
export class Writer {
  readonly #deps: WriteDeps
  readonly #queue: WriteQueue
  readonly #batches: WriteBatches
  readonly #largeBatches: WriteBatches
  readonly #fencing: Fencing
  readonly #speculations: Speculations

  constructor(deps: WriteDeps) {
    this.#deps = deps
    const limit = new WaitLimit(deps.clock, () => deps.outage.lastDraining)
    this.#queue = new WriteQueue(limit)
    this.#fencing = new Fencing(deps)
    this.#speculations = new Speculations(deps.recent)
    const { writeSlots: slots } = deps
    const batches = {
      clock: deps.clock,
      together: (jobs: readonly WriteJob[]) => this.#write(jobs, false),
    }
    const alone = (job: WriteJob) => this.#write([job], true)
    this.#batches = new WriteBatches({
      ...batches,
      slots: slots.small,
      most: SMALL_BATCHES,
      leavesNewCold: false,
      limit,
      alone: async jobs => void (await Promise.all(jobs.map(alone))),
    })
    this.#largeBatches = new WriteBatches({
      ...batches,
      slots: slots.large,
      most: LARGE_BATCHES,
      leavesNewCold: true,
      // Their caller has a bounded number of them under way, and waits for them.
      limit: { begin: () => () => {} },
      // One after the other: so many would take all connections.
      alone: async jobs => {
        for (const job of jobs) await alone(job)
      },
    })
  }

  /**
   * Reads the documents under their row locks, lets `decide` plan, stores all changes in one transaction and
   * updates the cache. The transaction may hold writes of other callers. `prepare` reads what `decide` needs in addition to
   * the rows. Throws the errors of `prepare` and `decide`, WriteQueueFullError,
   * DatabaseUnavailableError (nothing stored) or CommitUnknownError.
   */
  write<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
    prepare?: Prepare,
  ): Promise<WriteResult<T>> {
    return this.#queue.run(refs.map(refId), () => this.#batches.run(refs, decide, meta, prepare))
  }

  /**
   * The same for one of very many writes. They share larger transactions, and do not delay those of `write`. What they create
   * enters the cache with its first read.
   */
  writeMany<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
    prepare?: Prepare,
  ): Promise<WriteResult<T>> {
    return this.#queue.run(refs.map(refId), () => this.#largeBatches.run(refs, decide, meta, prepare))
  }

  /** Settles the jobs, except those that it resolves to, which are to be done alone. `waits`: waits for row locks; with one job. */
  async #write(jobs: readonly WriteJob[], waits: boolean): Promise<readonly WriteJob[]> {
    const left: WriteJob[] = []
    let open = jobs
    for (let tries = 0; tries < MAX_TRIES && open.length > 0; tries++) {
      const unfinished = await this.#try(open, waits, !waits && tries === 0)
      left.push(...unfinished.left)
      open = unfinished.again
    }
    for (const job of open)
      job.reject(new DatabaseUnavailableError('the cache view changed too often during one write'))
    return left
  }

  /** One transaction. `mayPlanAhead`: from what the process remembers. Never rejects. */
  async #try(jobs: readonly WriteJob[], waits: boolean, mayPlanAhead: boolean): Promise<Unfinished> {
    const refs = jobs.flatMap(each => each.refs)
    const speculation = mayPlanAhead ? this.#speculations.of(jobs, refs) : undefined
    let tx: WriteTransaction
    try {
      tx = await this.#deps.store.beginWrite(refs, waits, speculation)
    } catch (error) {
      for (const job of jobs) job.reject(error)
      return FINISHED
    }
    if (speculation !== undefined && !speculation.holds(tx)) {
      this.#speculations.outdated(tx)
      await tx.rollback()
      return { again: jobs, left: [] }
    }
    const preparing = jobs.map(job => job.prepare?.(tx.defaultsVersion))
    if (preparing.some(each => each !== undefined)) {
      // Before the ROLLBACK, which takes longer than some of them to fail.
      const settled = Promise.allSettled(preparing)
      // Not inside the transaction: what they wait for may need a connection too, and all may be in use by such transactions.
      await tx.rollback()
      return { again: preparedJobs(jobs, await settled), left: [] }
    }
    const unlocked = new Set(tx.unlocked.map(refId))
    const isLocked = ({ refs }: WriteJob) => !refs.some(ref => unlocked.has(refId(ref)))
    const { again, left } = await this.#carryOut(tx, jobs.filter(isLocked), speculation?.planned)
    return { again, left: [...left, ...jobs.filter(job => !isLocked(job))] }
  }

  /** `speculated`: the plan that is in the transaction already. */
  async #carryOut(
    tx: WriteTransaction,
    jobs: readonly WriteJob[],
    speculated: readonly PlannedJob[] | undefined,
  ): Promise<Unfinished> {
    const { observer, check } = this.#deps
    const again = { again: jobs, left: [] }
    let planned: readonly PlannedJob[] = jobs.map(job => ({ job, result: undefined, changes: [] }))
    let left: readonly WriteJob[] = []
    let nonce: string | undefined
    let rows: readonly Row[]
    try {
      await observer.step('write.locked')
      if (!(await check.admits(tx))) return again
      if (tx.otherLayoutUsed) {
        await tx.rollback()
        await this.#deps.outage.endOtherLayout()
        return again
      }
      if (speculated === undefined) {
        const planning = planWrites(tx, jobs, this.#deps.clock)
        const plan = planning instanceof Promise ? await planning : planning
        planned = plan.planned
        left = plan.left
      } else planned = speculated
      const changes = planned.flatMap(each => each.changes)
      if (changes.length === 0) {
        await tx.rollback()
        return { again: [], left }
      }
      nonce = await this.#placeFences(tx, changes)
      if (nonce === undefined) return { again: planned.map(({ job }) => job), left }
      await observer.step('write.fenced')
      rows = await tx.applyAndCommit(changes)
    } catch (error) {
      await tx.rollback()
      const unfinished = afterFailure(planned, error)
      return { again: unfinished.again, left: [...unfinished.left, ...left] }
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
    return { again: [], left }
  }

  /** Places the fences. Their nonce, '' when none is needed. Undefined = the transaction is rolled back, and the view now allows another try. */
  async #placeFences(tx: WriteTransaction, changes: readonly Change[]): Promise<string | undefined> {
    const { outage, handover } = this.#deps
    const { view } = tx
    if (view.mode === 'ON') {
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
    if (view.drained) return ''
    await tx.rollback()
    await outage.waitUntilDrained(view)
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
  if (jobs.length > 1 && !concernsAll) return { again: [], left: jobs }
  if (error instanceof WriteConflictError) return { again: jobs, left: [] }
  for (const job of jobs) job.reject(error)
  return FINISHED
}

function tokenOf(tx: WriteTransaction): ViewToken {
  return { epoch: tx.view.epoch, database: tx.view.database!, identity: tx.view.identity! }
}
