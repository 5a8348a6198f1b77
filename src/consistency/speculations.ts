import type { ClockPort, DocumentRef, Row, WriteTransaction } from './ports.ts'
import { RecentRows } from './recent-rows.ts'
import { PLAN_SIZE, type PlanBasis, Speculation } from './speculation.ts'
import type { WriteJob } from './write-batches.ts'
import type { PlannedJob } from './write-plan.ts'

/** What the Writer remembers of its transactions, to plan the next ones ahead. */
export class Speculations {
  readonly #recent: RecentRows
  #basis: PlanBasis | undefined

  constructor(clock: Pick<ClockPort, 'now'>) {
    this.#recent = new RecentRows(clock)
  }

  /** Undefined = these writes have to read first. `refs`: the documents of all jobs. */
  of(jobs: readonly WriteJob[], refs: readonly DocumentRef[]): Speculation | undefined {
    if (this.#basis === undefined) return undefined
    const held = this.#recent.find(refs)
    if (held === undefined || held.reduce((sum, { data }) => sum + data!.length, 0) > PLAN_SIZE)
      return undefined
    return Speculation.of(jobs, held, this.#basis)
  }

  /** What was committed. */
  learn(tx: WriteTransaction, planned: readonly PlannedJob[], rows: readonly Row[]): void {
    this.#basis = { versionBase: tx.versionBase, defaultsVersion: tx.defaultsVersion, server: tx.server }
    // Those of an import are many, and not written again soon.
    if (planned.some(({ job }) => job.leavesNewCold)) return
    for (const row of rows) this.#recent.keep(row)
  }

  /** Somebody else has changed these documents. */
  distrust(refs: readonly DocumentRef[]): void {
    this.#recent.distrust(refs)
  }
}
