import { refId } from './batch-reader.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { Decision, PlannedChange, WriteResult } from './decision.ts'
import { Fencing, type FencingDeps } from './fencing.ts'
import { UNREACHABLE } from './handover.ts'
import type { Outage } from './outage.ts'
import type { Change, ChangeMeta, DocumentRef, Row, StorePort, ViewToken, WriteTransaction } from './ports.ts'
import { CommitUnknownError, DatabaseUnavailableError, WriteConflictError } from './ports.ts'
import { WaitLimit } from './wait-limit.ts'
import { WRITE_SLOTS, WriteBatches, type WriteJob } from './write-batches.ts'
import { WriteQueue } from './write-queue.ts'

export interface WriteDeps extends FencingDeps {
  readonly store: StorePort
  readonly outage: Outage
  readonly check: DatabaseCheck
  /** Transactions at once that may hold several writes: fewer than there are connections. Default: WRITE_SLOTS. */
  readonly writeSlots?: number
}

/** Tries of one write: the view may turn OFF, and ON again, between them. */
const MAX_TRIES = 5
/** Content of one batch, characters: Redis stores it in one script, and answers nobody else meanwhile. */
const BATCH_SIZE = 1_048_576

/** A write with what it stores. */
interface PlannedJob {
  readonly job: WriteJob
  readonly result: unknown
  readonly changes: readonly Change[]
}

/** What one transaction did not finish. */
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
  readonly #fencing: Fencing

  constructor(deps: WriteDeps) {
    this.#deps = deps
    const limit = new WaitLimit(deps.clock, () => deps.outage.draining)
    this.#queue = new WriteQueue(limit)
    this.#fencing = new Fencing(deps)
    this.#batches = new WriteBatches({
      slots: deps.writeSlots ?? WRITE_SLOTS,
      limit,
      together: jobs => this.#write(jobs, false),
      alone: async job => void (await this.#write([job], true)),
    })
  }

  /**
   * Reads the documents under their row locks, lets `decide` plan, stores all changes in one transaction and
   * makes the cache follow. The transaction may hold writes of others. `decide` runs when `ready` has resolved: what it needs
   * is read while the transaction begins. It must not need more connections than one. Throws what `decide` throws, WriteQueueFullError,
   * DatabaseUnavailableError (nothing stored) or CommitUnknownError.
   */
  write<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
    ready?: Promise<void>,
  ): Promise<WriteResult<T>> {
    return this.#queue.run(refs.map(refId), () => this.#batches.run(refs, decide, meta, ready))
  }

  /** Settles the jobs but for those that it resolves to: they are to be done alone. `waits`: for row locks; with one job. */
  async #write(jobs: readonly WriteJob[], waits: boolean): Promise<readonly WriteJob[]> {
    const left: WriteJob[] = []
    let open = jobs
    for (let tries = 0; tries < MAX_TRIES && open.length > 0; tries++) {
      const unfinished = await this.#try(open, waits)
      left.push(...unfinished.left)
      open = unfinished.again
    }
    for (const job of open)
      job.reject(new DatabaseUnavailableError('the cache view changed too often during one write'))
    return left
  }

  /** One transaction. Never rejects. */
  async #try(jobs: readonly WriteJob[], waits: boolean): Promise<Unfinished> {
    let tx: WriteTransaction
    try {
      tx = await this.#deps.store.beginWrite(
        jobs.flatMap(({ refs }) => refs),
        waits,
      )
    } catch (error) {
      for (const job of jobs) job.reject(error)
      return FINISHED
    }
    // Also of those that go on alone: what they read must not wait for a connection while they have theirs.
    await Promise.all(jobs.map(({ ready }) => ready))
    const unlocked = new Set(tx.unlocked.map(refId))
    const isLocked = ({ refs }: WriteJob) => !refs.some(ref => unlocked.has(refId(ref)))
    const locked = jobs.filter(isLocked)
    const { again, left } = await this.#carryOut(tx, locked)
    return { again, left: [...left, ...jobs.filter(job => !isLocked(job))] }
  }

  async #carryOut(tx: WriteTransaction, jobs: readonly WriteJob[]): Promise<Unfinished> {
    const { observer, check } = this.#deps
    const again = { again: jobs, left: [] }
    let planned: readonly PlannedJob[] = jobs.map(job => ({ job, result: undefined, changes: [] }))
    let left: readonly WriteJob[] = []
    let nonce: string | undefined
    let rows: readonly Row[]
    try {
      await observer.step('write.locked')
      if (!(await check.admits(tx))) return again
      const plan = plannedChanges(tx, jobs)
      planned = plan.planned
      left = plan.left
      const changes = planned.flatMap(each => each.changes)
      if (changes.length === 0) {
        await tx.rollback()
        return { again: [], left }
      }
      nonce = await this.#fenced(tx, changes)
      if (nonce === undefined) return { again: planned.map(({ job }) => job), left }
      await observer.step('write.fenced')
      rows = await tx.applyAndCommit(changes)
    } catch (error) {
      await tx.rollback()
      const unfinished = afterFailure(planned, error)
      return { again: unfinished.again, left: [...unfinished.left, ...left] }
    }
    await observer.step('write.committed')
    if (tx.view.mode === 'ON') await this.#fencing.store(tokenOf(tx), nonce, rows)
    await observer.step('write.put')
    let first = 0
    for (const { job, result, changes } of planned) {
      const end = first + changes.length
      job.resolve({ result, rows: rows.slice(first, end) })
      first = end
    }
    return { again: [], left }
  }

  /** The nonce of the fences, '' when none is needed. Undefined = the transaction is rolled back, and by now the view is fit for another. */
  async #fenced(tx: WriteTransaction, changes: readonly Change[]): Promise<string | undefined> {
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
      if (off.mode === 'OFF' && !off.drained) await outage.drained(off)
      return undefined
    }
    if (view.drained) return ''
    await tx.rollback()
    await outage.drained(view)
    return undefined
  }
}

/** Settles the jobs that give up or change nothing. `left`: they would make the batch too large. */
function plannedChanges(
  tx: WriteTransaction,
  jobs: readonly WriteJob[],
): { planned: readonly PlannedJob[]; left: readonly WriteJob[] } {
  const rows = new Map(tx.rows.map(row => [refId(row.ref), row]))
  const planned: PlannedJob[] = []
  const left: WriteJob[] = []
  let size = 0
  for (const job of jobs) {
    try {
      const { changes, result } = job.decide(rowsOf(job, rows))
      if (changes.length === 0) {
        job.resolve({ result, rows: [] })
        continue
      }
      size += changes.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
      if (planned.length > 0 && size > BATCH_SIZE) left.push(job)
      else planned.push({ job, result, changes: changes.map(change => numbered(tx, rows, job, change)) })
    } catch (error) {
      job.reject(error)
    }
  }
  return { planned, left }
}

function rowsOf({ refs }: WriteJob, rows: ReadonlyMap<string, Row>): Map<string, Row> {
  const own = new Map<string, Row>()
  for (const id of refs.map(refId)) {
    const row = rows.get(id)
    if (row !== undefined) own.set(id, row)
  }
  return own
}

function numbered(
  { versionBase }: WriteTransaction,
  rows: ReadonlyMap<string, Row>,
  { meta }: WriteJob,
  change: PlannedChange,
): Change {
  const previous = rows.get(refId(change.ref))?.version ?? 0
  return { ...change, ...meta, previous, version: Math.max(previous + 1, versionBase) }
}

/** Nothing is stored, or it is unknown. What the server holds against one write of several is not held against the others. */
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
