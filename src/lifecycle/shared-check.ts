import { within } from '../within.ts'

/** Least time between two checks, for any number of callers: the lease renewals check as often. */
const FRESH_MS = 250
/** A health check must answer even when the store does not. */
const TIMEOUT_MS = 1_000

/** A check of a store that callers share: health checks need no credentials, so a flood of them must not reach it. */
export class SharedCheck {
  readonly #work: () => Promise<unknown>
  #running: Promise<number | null> | undefined
  #latencyMs: number | null = null
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(work: () => Promise<unknown>) {
    this.#work = work
  }

  /** Milliseconds until the work was done, at most 250 ms old; null when it failed or took too long. Never rejects. */
  async latencyMs(): Promise<number | null> {
    if (performance.now() - this.#endedAt < FRESH_MS) return this.#latencyMs
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<number | null> {
    const startedAt = performance.now()
    try {
      await within(TIMEOUT_MS, this.#work(), () => new Error('too late'))
      this.#latencyMs = performance.now() - startedAt
    } catch {
      this.#latencyMs = null
    }
    this.#endedAt = performance.now()
    return this.#latencyMs
  }
}
