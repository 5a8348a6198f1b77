import type { FastifyBaseLogger } from 'fastify'
import type { ObserverPort } from '../consistency/ports.ts'
import type { Fault } from '../errors.ts'
import type { JobKind, JobsObserverPort, OpenJobs, StepOutcome } from '../jobs/ports.ts'
import type { Telemetry } from './telemetry.ts'

type Counts = Pick<Telemetry, 'jobStepDone' | 'openJobsCounted'>

/** Counts what the jobs do; refusals are lines of the log, failures are logged like those of the other background duties. */
export class JobsObserver implements JobsObserverPort {
  readonly #log: FastifyBaseLogger
  readonly #telemetry: Counts
  readonly #observer: Pick<ObserverPort, 'failed'>

  constructor(log: FastifyBaseLogger, telemetry: Counts, observer: Pick<ObserverPort, 'failed'>) {
    this.#log = log
    this.#telemetry = telemetry
    this.#observer = observer
  }

  stepDone(job: JobKind, outcome: StepOutcome, latenessMs: number | undefined): void {
    this.#telemetry.jobStepDone(job, outcome, latenessMs)
  }

  refused(job: JobKind, id: string, faults: readonly Fault[]): void {
    this.#log.warn({ job, id, faults }, 'a due change was refused')
  }

  openCounted(open: OpenJobs): void {
    this.#telemetry.openJobsCounted(open)
  }

  failed(error: unknown): void {
    this.#observer.failed('jobs', error)
  }
}
