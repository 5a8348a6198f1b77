import type { Decision, Prepare, WriteResult } from './decision.ts'
import type { ChangeMeta, DocumentRef, Row } from './document-rows.ts'
import type { ClockPort } from './ports.ts'
import type { WaitLimit } from './wait-limit.ts'
import { WRITE_WAIT_MS } from './wait-limit.ts'
import { WriteQueueFullError } from './write-queue.ts'
import type { Slots } from './write-slots.ts'

/** How large one transaction may become. */
export interface BatchLimits {
  readonly writes: number
  /** How many the first one may have: how long they take is not known yet. */
  readonly firstWrites: number
  /** A user has 13. Each takes a lock in PostgreSQL, whose table of locks has 6,400 places by default. */
  readonly documents: number
  /** One that takes longer halves the next, one that takes less than half of it doubles the next. Statements end after 2 s. */
  readonly longMs: number
}

/** Writes of callers that wait for them: more saves little, and each waits for all. */
export const SMALL_BATCHES: BatchLimits = {
  writes: 32,
  firstWrites: 32,
  documents: 128,
  longMs: Number.POSITIVE_INFINITY,
}
/** Writes of an import: 64 users share what a transaction costs. */
export const LARGE_BATCHES: BatchLimits = { writes: 64, firstWrites: 16, documents: 832, longMs: 500 }
/** Writes that may wait: more than are done in WRITE_WAIT_MS. */
const MAX_WAITING = 10_000

/** One write to carry out; its batch settles it. */
export interface WriteJob {
  readonly refs: readonly DocumentRef[]
  readonly decide: (rows: ReadonlyMap<string, Row>) => Decision<unknown>
  readonly meta: ChangeMeta
  readonly prepare: Prepare | undefined
  /** Documents that did not exist are not stored in Redis: the first read does that. */
  readonly leavesNewCold: boolean
  readonly resolve: (result: WriteResult<unknown>) => void
  readonly reject: (error: unknown) => void
}

export interface WriteBatchesDeps {
  /** Batches at once, which other WriteBatches may share. */
  readonly slots: Slots
  readonly most: BatchLimits
  readonly leavesNewCold: boolean
  /** Of the wait for a slot. */
  readonly limit: Pick<WaitLimit, 'begin'>
  readonly clock: Pick<ClockPort, 'now'>
  /** Does writes of different documents in one transaction, without waiting for row locks. Resolves to those left over; never rejects. */
  readonly together: (jobs: readonly WriteJob[]) => Promise<readonly WriteJob[]>
  /** Does those that were left over, each in a transaction that waits for its row locks. Never rejects. */
  readonly alone: (jobs: readonly WriteJob[]) => Promise<void>
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
  #isInLine = false
  /** Writes of the next batch. */
  #writes: number
  #underWay = 0
  /** Of the writes that were there when the last batch ended, those for one place: with as many, none waits for others. */
  #enoughToStart = Number.POSITIVE_INFINITY

  constructor(deps: WriteBatchesDeps) {
    this.#deps = deps
    this.#writes = deps.most.firstWrites
  }

  /** Rejects with what the job is rejected with, or WriteQueueFullError. No two jobs at a time have a document in common. */
  run<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
    prepare?: Prepare,
  ): Promise<WriteResult<T>> {
    return new Promise((resolve, reject) => {
      const { leavesNewCold } = this.#deps
      const job = { refs, decide, meta, prepare, leavesNewCold, resolve, reject } as WriteJob
      if (this.#deps.slots.takeAtOnce()) void this.#start([job])
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
    this.#lineUp()
    this.#startIfEnoughWait()
  }

  #startIfEnoughWait(): void {
    if (this.#waiting.size >= this.#enoughToStart) this.#deps.slots.stopGathering()
  }

  #lineUp(): void {
    if (this.#isInLine || this.#waiting.size === 0) return
    this.#isInLine = true
    this.#deps.slots.lineUp(() => {
      this.#isInLine = false
      if (this.#waiting.size === 0) this.#deps.slots.release()
      else void this.#start(this.#next())
      this.#lineUp()
    })
  }

  async #start(jobs: readonly WriteJob[]): Promise<void> {
    this.#underWay += jobs.length
    const startedAt = this.#deps.clock.now()
    const left = await this.#deps.together(jobs)
    this.#adapt(jobs.length, this.#deps.clock.now() - startedAt)
    this.#enoughToStart = Math.ceil((this.#underWay + this.#waiting.size) / this.#deps.slots.count)
    this.#underWay -= jobs.length
    this.#deps.slots.release()
    this.#startIfEnoughWait()
    if (left.length > 0) void this.#deps.alone(left)
  }

  /** A busy database gets smaller transactions. */
  #adapt(writes: number, ms: number): void {
    const { longMs, writes: most } = this.#deps.most
    if (ms > longMs) this.#writes = Math.max(1, Math.floor(writes / 2))
    else if (writes >= this.#writes && ms < longMs / 2) this.#writes = Math.min(this.#writes * 2, most)
  }

  /** Takes the oldest jobs that fit into one batch, and at least one. */
  #next(): WriteJob[] {
    const jobs: WriteJob[] = []
    let documents = 0
    for (const waiting of this.#waiting) {
      documents += waiting.job.refs.length
      if (jobs.length > 0 && documents > this.#deps.most.documents) break
      this.#waiting.delete(waiting)
      waiting.endWait()
      if (jobs.push(waiting.job) >= this.#writes) break
    }
    return jobs
  }
}
