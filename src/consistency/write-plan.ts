import { refId } from './batch-reader.ts'
import type { PlannedChange } from './decision.ts'
import type { Change, ClockPort, Row, WriteTransaction } from './ports.ts'
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
  readonly left: readonly WriteJob[]
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
  readonly left: WriteJob[] = []
  readonly #tx: WriteTransaction
  readonly #rows: ReadonlyMap<string, Row>
  #size = 0

  constructor(tx: WriteTransaction) {
    this.#tx = tx
    this.#rows = new Map(tx.rows.map(row => [refId(row.ref), row]))
  }

  add(job: WriteJob): void {
    try {
      const { changes, result } = job.decide(rowsOf(job, this.#rows))
      if (changes.length === 0) {
        job.resolve({ result, rows: [] })
        return
      }
      this.#size += changes.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
      if (this.planned.length > 0 && this.#size > BATCH_SIZE) this.left.push(job)
      else
        this.planned.push({
          job,
          result,
          changes: changes.map(change => assignVersion(this.#tx, this.#rows, job, change)),
        })
    } catch (error) {
      job.reject(error)
    }
  }
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
  { versionBase }: WriteTransaction,
  rows: ReadonlyMap<string, Row>,
  { meta }: WriteJob,
  change: PlannedChange,
): Change {
  const previous = rows.get(refId(change.ref))?.version ?? 0
  return { ...change, ...meta, previous, version: Math.max(previous + 1, versionBase) }
}
