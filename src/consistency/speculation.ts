import type { Change, Row, SpeculativeChanges } from './document-rows.ts'
import type { WriteTransaction } from './store-port.ts'
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
  /** Each job with its changes. */
  readonly planned: readonly PlannedJob[]
  readonly changes: readonly Change[]
  readonly #basis: PlanBasis

  /**
   * `held`: a row for each document of the jobs. Undefined when something has to be read first, when one of the jobs gives up
   * or changes nothing (whether that is right is seen under the locks), or when the plan is larger than PLAN_SIZE.
   */
  static of(jobs: readonly WriteJob[], held: readonly Row[], basis: PlanBasis): Speculation | undefined {
    const isReady = ({ prepare }: WriteJob) => {
      const preparing = prepare?.(basis.defaultsVersion)
      // The write will ask again, and see the failure then.
      preparing?.catch(() => {})
      return preparing === undefined
    }
    const planned = jobs.every(isReady) ? plan(jobs, held, basis) : undefined
    return planned && new Speculation(planned, held, basis)
  }

  private constructor(planned: readonly PlannedJob[], held: readonly Row[], basis: PlanBasis) {
    this.planned = planned
    this.changes = planned.flatMap(({ changes }) => changes)
    this.held = held
    this.#basis = basis
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

function plan(
  jobs: readonly WriteJob[],
  held: readonly Row[],
  { versionBase }: PlanBasis,
): readonly PlannedJob[] | undefined {
  const rows = byId(held)
  const planned: PlannedJob[] = []
  let size = 0
  try {
    for (const job of jobs) {
      const each = planJob(job, rows, versionBase)
      size += sizeOf(each.changes)
      if (each.changes.length === 0 || size > PLAN_SIZE) return undefined
      planned.push(each)
    }
  } catch {
    return undefined
  }
  return planned
}
