import type { Decision, Prepare, WriteResult } from './decision.ts'
import type { ChangeMeta, DocumentRef, Row } from './ports.ts'
import type { WaitLimit } from './wait-limit.ts'
import { WRITE_WAIT_MS } from './wait-limit.ts'
import { WriteQueueFullError } from './write-queue.ts'

/** Transactions at once that may hold several writes: while one waits for PostgreSQL, another computes. */
export const WRITE_SLOTS = 2
/** Writes of one transaction: more saves little, and each waits for all. */
const MAX_WRITES = 32
/** Documents of one transaction. A user has 13. */
const MAX_DOCUMENTS = 128
/** Writes that may wait: more than are done in WRITE_WAIT_MS. */
const MAX_WAITING = 10_000

/** One write to carry out; its batch settles it. */
export interface WriteJob {
  readonly refs: readonly DocumentRef[]
  readonly decide: (rows: ReadonlyMap<string, Row>) => Decision<unknown>
  readonly meta: ChangeMeta
  readonly prepare: Prepare | undefined
  readonly resolve: (result: WriteResult<unknown>) => void
  readonly reject: (error: unknown) => void
}

export interface WriteBatchesDeps {
  /** Batches at once. */
  readonly slots: number
  readonly limit: WaitLimit
  /** Does writes of different documents in one transaction, without waiting for row locks. Resolves to those left over; never rejects. */
  readonly together: (jobs: readonly WriteJob[]) => Promise<readonly WriteJob[]>
  /** Does one that was left over, and waits for its row locks. Never rejects. */
  readonly alone: (job: WriteJob) => Promise<void>
}

interface WaitingJob {
  readonly job: WriteJob
  readonly endWait: () => void
}

/**
 * Gathers writes into transactions: while all slots are in use, new writes wait and then share a transaction. A write that
 * arrives at a free slot runs at once, alone. A write that a lock of another instance delays leaves its batch, and uses no slot.
 */
export class WriteBatches {
  readonly #deps: WriteBatchesDeps
  readonly #waiting = new Set<WaitingJob>()
  #running = 0

  constructor(deps: WriteBatchesDeps) {
    this.#deps = deps
  }

  /** Rejects with what the job is rejected with, or WriteQueueFullError. No two jobs at a time have a document in common. */
  run<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
    prepare?: Prepare,
  ): Promise<WriteResult<T>> {
    return new Promise((resolve, reject) => {
      const job: WriteJob = { refs, decide, meta, prepare, resolve: resolve as WriteJob['resolve'], reject }
      if (this.#running < this.#deps.slots) void this.#start([job])
      else this.#wait(job)
    })
  }

  #wait(job: WriteJob): void {
    if (this.#waiting.size >= MAX_WAITING) {
      job.reject(new WriteQueueFullError(`${MAX_WAITING} writes are waiting`))
      return
    }
    const waiting: WaitingJob = {
      job,
      endWait: this.#deps.limit.begin(() => {
        this.#waiting.delete(waiting)
        job.reject(new WriteQueueFullError(`the write waited longer than ${WRITE_WAIT_MS} ms for its turn`))
      }),
    }
    this.#waiting.add(waiting)
  }

  async #start(jobs: readonly WriteJob[]): Promise<void> {
    this.#running++
    const left = await this.#deps.together(jobs)
    this.#running--
    if (this.#waiting.size > 0) void this.#start(this.#next())
    for (const job of left) void this.#deps.alone(job)
  }

  /** Takes the oldest jobs that fit into one batch, and at least one. */
  #next(): WriteJob[] {
    const jobs: WriteJob[] = []
    let documents = 0
    for (const waiting of this.#waiting) {
      documents += waiting.job.refs.length
      if (jobs.length > 0 && documents > MAX_DOCUMENTS) break
      this.#waiting.delete(waiting)
      waiting.endWait()
      if (jobs.push(waiting.job) === MAX_WRITES) break
    }
    return jobs
  }
}
