import type { DocumentRef, Row } from './document-rows.ts'
import type { RecentRows } from './recent-rows.ts'
import { PLAN_SIZE, type PlanBasis, Speculation } from './speculation.ts'
import type { WriteTransaction } from './store-port.ts'
import type { WriteJob } from './write-batches.ts'
import { type PlannedJob, sizeOf } from './write-plan.ts'

/** What a Writer remembers of its transactions, to plan the next ones ahead. Several may share the rows. */
export class Speculations {
  readonly #recent: RecentRows
  #basis: PlanBasis | undefined

  constructor(recent: RecentRows) {
    this.#recent = recent
  }

  /** Undefined = these writes have to read first. `refs`: the documents of all jobs. */
  of(jobs: readonly WriteJob[], refs: readonly DocumentRef[]): Speculation | undefined {
    if (this.#basis === undefined || jobs.some(isOfImport)) return undefined
    const held = this.#recent.find(refs)
    if (held === undefined || sizeOf(held) > PLAN_SIZE) return undefined
    return Speculation.of(jobs, held, this.#basis)
  }

  /** What was committed. */
  learn(tx: WriteTransaction, planned: readonly PlannedJob[], rows: readonly Row[]): void {
    this.#see(tx)
    const keeps = !planned.some(({ job }) => isOfImport(job))
    for (const row of rows) {
      if (keeps) this.#recent.keep(row)
      else this.#recent.forget(row.ref)
    }
  }

  /** A plan did not hold for what this transaction sees. */
  outdated(tx: WriteTransaction): void {
    this.#see(tx)
    this.#recent.distrust(tx.outdated)
  }

  #see({ versionBase, defaultsVersion, server }: WriteTransaction): void {
    this.#basis = { versionBase, defaultsVersion, server }
  }
}

/** Those of an import are many, and their documents are not written again soon. */
function isOfImport({ leavesNewCold }: WriteJob): boolean {
  return leavesNewCold
}
