import { refId } from './batch-reader.ts'
import type { PlannedChange } from './decision.ts'
import type { Change, Row } from './document-rows.ts'
import type { ClockPort } from './ports.ts'
import type { WriteTransaction } from './store-port.ts'
import type { WriteJob } from './write-batches.ts'

/** Content of one batch, characters: PostgreSQL stores it in one statement, which may take a second or two. */
const BATCH_SIZE = 4_194_304

/** Longest time without a look at other callers, milliseconds: the decisions of one import may take ten times as long. */
const LONGEST_TURN_MS = 10

/** A write with the changes that it stores. */
export interface PlannedJob {
  readonly job: WriteJob
  readonly result: unknown
  readonly changes: readonly Change[]
}

/** The jobs that could be prepared; rejects the others. */
export function preparedJobs(
  jobs: readonly WriteJob[],
  outcomes: readonly PromiseSettledResult<unknown>[],
): readonly WriteJob[] {
  return jobs.filter((job, i) => {
    const outcome = outcomes[i]!
    if (outcome.status === 'rejected') job.reject(outcome.reason)
    return outcome.status === 'fulfilled'
  })
}

export interface WritePlan {
  readonly planned: readonly PlannedJob[]
  /** Jobs that would make the batch too large. */
  readonly tooLarge: readonly WriteJob[]
}

/**
 * Plans the changes of the jobs; settles those that give up or change nothing. A promise only when it takes so long that
 * others must have their turn meanwhile.
 */
export function planWrites(
  tx: WriteTransaction,
  jobs: readonly WriteJob[],
  clock: Pick<ClockPort, 'now' | 'sleep'>,
): WritePlan | Promise<WritePlan> {
  const planner = new Planner(tx)
  const planFrom = (first: number): WritePlan | Promise<WritePlan> => {
    const endsAt = clock.now() + LONGEST_TURN_MS
    for (let i = first; i < jobs.length; i++) {
      if (clock.now() > endsAt) return clock.sleep(0).then(() => planFrom(i))
      planner.add(jobs[i]!)
    }
    return planner
  }
  return planFrom(0)
}

class Planner implements WritePlan {
  readonly planned: PlannedJob[] = []
  readonly tooLarge: WriteJob[] = []
  readonly #versionBase: number
  readonly #rows: ReadonlyMap<string, Row>
  #size = 0

  constructor({ rows, versionBase }: WriteTransaction) {
    this.#versionBase = versionBase
    this.#rows = byId(rows)
  }

  add(job: WriteJob): void {
    try {
      const planned = planJob(job, this.#rows, this.#versionBase)
      const { changes, result } = planned
      if (changes.length === 0) {
        job.resolve({ result, rows: [] })
        return
      }
      this.#size += sizeOf(changes)
      if (this.planned.length > 0 && this.#size > BATCH_SIZE) this.tooLarge.push(job)
      else this.planned.push(planned)
    } catch (error) {
      job.reject(error)
    }
  }
}

/** The changes of one job, none when it changes nothing. Throws what the job gives up with, and does not settle it. */
export function planJob(job: WriteJob, rows: ReadonlyMap<string, Row>, versionBase: number): PlannedJob {
  const { changes, result } = job.decide(rowsOf(job, rows))
  return { job, result, changes: changes.map(change => assignVersion(versionBase, rows, job, change)) }
}

/** Characters of their content. */
export function sizeOf(documents: readonly Pick<Change, 'data'>[]): number {
  return documents.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
}

/** The rows by their refId. */
export function byId(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map(row => [refId(row.ref), row]))
}

function rowsOf({ refs }: WriteJob, rows: ReadonlyMap<string, Row>): Map<string, Row> {
  const own = new Map<string, Row>()
  for (const id of refs.map(refId)) {
    const row = rows.get(id)
    if (row !== undefined) own.set(id, row)
  }
  return own
}

function assignVersion(
  versionBase: number,
  rows: ReadonlyMap<string, Row>,
  { meta }: WriteJob,
  change: PlannedChange,
): Change {
  const previous = rows.get(refId(change.ref))?.version ?? 0
  return { ...change, ...meta, previous, version: Math.max(previous + 1, versionBase) }
}
