import { pause } from '../pause.ts'
import type { BulkRunner } from './bulk-runner.ts'
import type { DueStep, JobsObserverPort, JobsStorePort, ScheduleStorePort } from './ports.ts'
import type { ScheduleSteps } from './schedule-steps.ts'

export interface JobRunnerDeps {
  readonly store: JobsStorePort
  readonly schedules: ScheduleStorePort
  readonly steps: Pick<ScheduleSteps, 'run'>
  readonly bulk: Pick<BulkRunner, 'run'>
  readonly observer: JobsObserverPort
}

/** Between two looks while nothing is due: a look is one statement, and a change may be 2 s late. */
const LOOK_MS = 1_000
/** After a claim: steps behind those of the same document may be due now. */
const BUSY_MS = 20
/** What is due is claimed by another instance, or waits behind such a step. */
const WAIT_MS = 200
/** Steps under way at once: two batches of writes, and those of the next two, so that the steps of one second share few transactions. */
const MAX_RUNNING = 128
/** More are claimed when so few are left: a claim looks at all that is due. */
const REFILL_BELOW = 64
/**
 * A step whose instance died is due again after it. Shorter than the 2 s that a change may be late: an instance that stands still
 * for longer loses nothing but work, because the database refuses a step that is done already.
 */
const LEASE_MS = 1_000
/** Between two renewals of the claims of steps under way. */
const RENEW_MS = 250
/** Between two counts for the metrics. */
const COUNT_MS = 15_000

/** Looks for due work and does it, on every instance; the database decides who does what. */
export class JobRunner {
  readonly #deps: JobRunnerDeps
  readonly #end = new AbortController()
  /** Steps under way, by the id of their schedule. */
  readonly #running = new Map<string, Promise<void>>()
  #renewedAt = Number.NEGATIVE_INFINITY
  #loop: Promise<void> | undefined
  #bulk: Promise<void> | undefined
  #countedAt = Number.NEGATIVE_INFINITY

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps
  }

  /** Begins, once. */
  start(): void {
    this.#loop ??= this.#run()
  }

  /** Resolves when no step is under way any more. */
  async stop(): Promise<void> {
    this.#end.abort()
    await this.#loop
    await Promise.all([...this.#running.values(), this.#bulk])
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      let pauseMs = LOOK_MS
      try {
        pauseMs = await this.#round()
      } catch (error) {
        this.#deps.observer.failed(error)
      }
      // Aborted: the end.
      await pause(pauseMs, this.#end.signal)
    }
  }

  /** Begins what is due. Resolves to the pause until the next look, milliseconds. */
  async #round(): Promise<number> {
    const { store, schedules } = this.#deps
    await this.#renew()
    if (this.#running.size > REFILL_BELOW) return BUSY_MS
    const due = await store.look()
    await this.#count()
    if (due.bulk) this.#beginBulk()
    if (!due.schedules) return this.#pauseUntil(due.nextMs ?? LOOK_MS)
    const steps = await schedules.claim(MAX_RUNNING - this.#running.size, LEASE_MS)
    if (this.#running.size === 0) this.#renewedAt = performance.now()
    for (const step of steps) this.#begin(step)
    return steps.length > 0 ? BUSY_MS : WAIT_MS
  }

  #pauseUntil(nextMs: number): number {
    return Math.min(this.#running.size > 0 ? RENEW_MS : LOOK_MS, Math.max(nextMs, BUSY_MS))
  }

  #begin(step: DueStep): void {
    const running = this.#deps.steps.run(step).finally(() => this.#running.delete(step.id))
    this.#running.set(step.id, running)
  }

  /** So that no other instance begins a step that takes long. */
  async #renew(): Promise<void> {
    if (this.#running.size === 0 || performance.now() - this.#renewedAt < RENEW_MS) return
    this.#renewedAt = performance.now()
    await this.#deps.schedules.renew([...this.#running.keys()], LEASE_MS)
  }

  #beginBulk(): void {
    if (this.#end.signal.aborted) return
    this.#bulk ??= this.#deps.bulk
      .run(this.#end.signal)
      .catch(error => this.#deps.observer.failed(error))
      .finally(() => {
        this.#bulk = undefined
      })
  }

  async #count(): Promise<void> {
    if (performance.now() - this.#countedAt < COUNT_MS) return
    this.#countedAt = performance.now()
    this.#deps.observer.openCounted(await this.#deps.store.countOpen())
  }
}
