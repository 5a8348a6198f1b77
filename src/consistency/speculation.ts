import type { Change, Row, SpeculativeChanges, WriteTransaction } from './ports.ts'
import type { WriteJob } from './write-batches.ts'
import { byId, type PlannedJob, planJob, sizeOf } from './write-plan.ts'

/** Content of one plan, characters: nothing else happens meanwhile, for some milliseconds, and one statement stores it. */
export const PLAN_SIZE = 262_144

/** What a plan depends on besides the rows, as the last transaction saw it. */
export type PlanBasis = Pick<WriteTransaction, 'versionBase' | 'defaultsVersion' | 'server'>

/**
 * The plan of some writes, made from rows that may be old, before the database takes their locks. It is carried out only if what
 * it was made from is what the transaction sees behind its locks; otherwise the writes begin again.
 */
export class Speculation implements SpeculativeChanges {
  readonly held: readonly Row[]
  readonly #jobs: readonly WriteJob[]
  readonly #basis: PlanBasis
  #planned: readonly PlannedJob[] | undefined

  /** `held`: a row for each document of the jobs. Undefined when something has to be read first. */
  static of(jobs: readonly WriteJob[], held: readonly Row[], basis: PlanBasis): Speculation | undefined {
    const isReady = ({ prepare }: WriteJob) => {
      const preparing = prepare?.(basis.defaultsVersion)
      // The write will ask again, and see the failure then.
      preparing?.catch(() => {})
      return preparing === undefined
    }
    return jobs.every(isReady) ? new Speculation(jobs, held, basis) : undefined
  }

  private constructor(jobs: readonly WriteJob[], held: readonly Row[], basis: PlanBasis) {
    this.#jobs = jobs
    this.held = held
    this.#basis = basis
  }

  /** Each job with its changes; undefined while there is no plan. */
  get planned(): readonly PlannedJob[] | undefined {
    return this.#planned
  }

  /**
   * No plan when one of the jobs gives up or changes nothing: whether that is right is seen under the locks. Nor when it is
   * larger than PLAN_SIZE.
   */
  plan(): readonly Change[] | undefined {
    try {
      const rows = byId(this.held)
      const planned: PlannedJob[] = []
      let size = 0
      for (const job of this.#jobs) {
        const each = planJob(job, rows, this.#basis.versionBase)
        size += sizeOf(each.changes)
        if (each.changes.length === 0 || size > PLAN_SIZE) return undefined
        planned.push(each)
      }
      this.#planned = planned
      return planned.flatMap(({ changes }) => changes)
    } catch {
      return undefined
    }
  }

  /** True when the transaction sees what the plan was made from, and has all locks. */
  holds({ outdated, unlocked, versionBase, defaultsVersion, server }: WriteTransaction): boolean {
    const basis = this.#basis
    return (
      outdated.length === 0 &&
      unlocked.length === 0 &&
      versionBase === basis.versionBase &&
      defaultsVersion === basis.defaultsVersion &&
      server === basis.server
    )
  }
}
