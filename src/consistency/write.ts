import { refId } from './batch-reader.ts'
import type { Decision, Prepare, WriteResult } from './decision.ts'
import type { ChangeMeta, DocumentRef, Row } from './document-rows.ts'
import { DatabaseUnavailableError, type RowLocks } from './store-port.ts'
import { WaitLimit } from './wait-limit.ts'
import { WriteAttempt, type WriteAttemptDeps } from './write-attempt.ts'
import { LARGE_BATCHES, SMALL_BATCHES, WriteBatches, type WriteJob } from './write-batches.ts'
import { WriteQueue } from './write-queue.ts'
import type { WriteSlots } from './write-slots.ts'

export interface WriteDeps extends WriteAttemptDeps {
  /** Transactions at once that may hold several writes: fewer than there are connections. Several writers may share them. */
  readonly writeSlots: WriteSlots
}

/** Tries of one write: the view may turn OFF, and ON again, between them, and a plan made ahead may not hold. */
const MAX_TRIES = 6

/** The write of docs/consistency.md. */
export class Writer {
  readonly #queue: WriteQueue
  readonly #batches: WriteBatches
  readonly #largeBatches: WriteBatches
  readonly #attempt: WriteAttempt

  constructor(deps: WriteDeps) {
    const limit = new WaitLimit(deps.clock, () => deps.outage.lastDraining)
    this.#queue = new WriteQueue(limit)
    this.#attempt = new WriteAttempt(deps)
    const { writeSlots: slots } = deps
    const batches = {
      clock: deps.clock,
      together: (jobs: readonly WriteJob[]) => this.#write(jobs, 'skip'),
    }
    const alone = (job: WriteJob) => this.#write([job], 'wait')
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

  /** Settles the jobs, except those that it resolves to, which are to be done alone. Never rejects. */
  async #write(jobs: readonly WriteJob[], rowLocks: RowLocks): Promise<readonly WriteJob[]> {
    const alone: WriteJob[] = []
    let open = jobs
    for (let tries = 0; tries < MAX_TRIES && open.length > 0; tries++) {
      const unfinished = await this.#attempt.run(open, rowLocks, rowLocks === 'skip' && tries === 0)
      alone.push(...unfinished.alone)
      open = unfinished.retry
    }
    for (const job of open)
      job.reject(new DatabaseUnavailableError('the cache view changed too often during one write'))
    return alone
  }
}
