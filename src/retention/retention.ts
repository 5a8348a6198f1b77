import type { ClockPort } from '../consistency/ports.ts'
import { pause } from '../pause.ts'
import {
  type HistoryLimits,
  RETENTION_TASKS,
  type RetentionObserverPort,
  type RetentionStorePort,
} from './ports.ts'

export interface RetentionDeps {
  readonly store: RetentionStorePort
  readonly clock: Pick<ClockPort, 'now' | 'nonce'>
  readonly observer: RetentionObserverPort
  readonly limits: HistoryLimits
}

/** The first round comes after the start has had its time. */
const FIRST_PAUSE_MS = 60_000
/** Between two rounds, and between two looks at whether the instance that clears away is still there. */
const ROUND_MS = 5 * 60_000
/** After a step, so many times as long as the step took: at most a fifth of one connection is used. */
const REST_FACTOR = 4
const MIN_PAUSE_MS = 50
/** Steps of one task in a round, so that a long history does not keep the other tasks waiting. */
const MAX_STEPS = 1_000

/**
 * Removes what is no longer kept, in small steps, in the background of one instance. On the monotonic clock: a wall
 * clock that is set back stops nothing.
 */
export class Retention {
  readonly #deps: RetentionDeps
  readonly #name: string
  readonly #end = new AbortController()
  #loop: Promise<void> | undefined

  constructor(deps: RetentionDeps) {
    this.#deps = deps
    this.#name = deps.clock.nonce()
  }

  /** Begins, once. */
  start(): void {
    this.#loop ??= this.#run()
  }

  /** Ends the rounds. Resolves when no step is under way any more. */
  async stop(): Promise<void> {
    this.#end.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    await pause(FIRST_PAUSE_MS, this.#end.signal)
    while (!this.#end.signal.aborted) {
      try {
        await this.round()
      } catch (error) {
        this.#deps.observer.failed(error)
      }
      await pause(ROUND_MS, this.#end.signal)
    }
  }

  /** Every task until it is done, or has had its steps. Nothing when another instance clears away. */
  async round(): Promise<void> {
    const { store, observer, limits, clock } = this.#deps
    for (const task of RETENTION_TASKS) {
      for (let steps = 0; steps < MAX_STEPS; steps++) {
        if (!(await store.claim(this.#name))) return observer.yielded()
        const startedAt = clock.now()
        const { removed, done } = await store.step(task, limits)
        observer.stepped(task, removed)
        if (done) break
        await pause(Math.max(MIN_PAUSE_MS, REST_FACTOR * (clock.now() - startedAt)), this.#end.signal)
        if (this.#end.signal.aborted) return
      }
    }
    observer.measured(await store.sizes())
  }
}
