import { refId } from './batch-reader.ts'
import type { PlannedChange } from './decision.ts'
import type { Change, Row, WriteTransaction } from './ports.ts'
import type { WriteJob } from './write-batches.ts'

/** Content of one batch, characters: Redis stores it in one script, and answers no other client meanwhile. */
const BATCH_SIZE = 1_048_576

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

/** Plans the changes of the jobs; settles those that give up or change nothing. `left`: jobs that would make the batch too large. */
export function planWrites(
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
      else planned.push({ job, result, changes: changes.map(change => assignVersion(tx, rows, job, change)) })
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

function assignVersion(
  { versionBase }: WriteTransaction,
  rows: ReadonlyMap<string, Row>,
  { meta }: WriteJob,
  change: PlannedChange,
): Change {
  const previous = rows.get(refId(change.ref))?.version ?? 0
  return { ...change, ...meta, previous, version: Math.max(previous + 1, versionBase) }
}
