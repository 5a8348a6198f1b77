import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import { isAway, isRefused, rejectUnavailable } from './database-errors.ts'

/** Timeouts in a row that mean an outage; one may be a busy machine, and costs only the lease. */
const SLOW_FAILURES = 2

/** A renewal waited in vain. */
export function lateView(timeoutMs: number): DatabaseUnavailableError {
  return new DatabaseUnavailableError(`the database did not answer within ${timeoutMs} ms`)
}

/**
 * Knows when the database is away. Each lease renewal reports to it, so that reads and writes of an outage fail at once
 * instead of waiting for timeouts one by one.
 */
export class Availability {
  #down = false
  #latencyMs: number | null = null
  #failures = 0
  /** What the server answered in place of the view, when it was not away. */
  #refusal: unknown
  readonly #waiting = new Set<(error: DatabaseUnavailableError) => void>()

  get down(): boolean {
    return this.#down
  }

  /** How long the last renewal waited, milliseconds; null when it failed, or before the first. */
  get latencyMs(): number | null {
    return this.#latencyMs
  }

  /** A renewal had its answer after `latencyMs`. */
  reached(latencyMs: number): void {
    this.#latencyMs = latencyMs
    this.#down = false
    this.#failures = 0
    this.#refusal = undefined
  }

  /**
   * `refused`: the server is known to be gone, or answered with the error `refusal`. Anything else may be a slow moment,
   * unless it happens twice in a row.
   */
  failed(refused: boolean, refusal?: unknown): void {
    this.#refusal = refusal ?? this.#refusal
    this.#failures++
    this.#latencyMs = null
    if (!refused && this.#failures < SLOW_FAILURES) return
    this.#down = true
    const error = this.#error()
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  /** Does the work of a renewal, and takes note of how it went. Rejects as the work does. */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    try {
      const result = await work()
      this.reached(performance.now() - startedAt)
      return result
    } catch (error) {
      this.failed(isRefused(error), isAway(error) ? undefined : error)
      throw error
    }
  }

  /** Throws when the database is known to be away. */
  check(): void {
    if (this.#down) throw this.#error()
  }

  /** A query outside of transactions: `race`, and its errors as asUnavailable makes them. */
  query<T>(work: () => Promise<T>): Promise<T> {
    return rejectUnavailable(() => this.race(work))
  }

  /** Does `work`, but gives up at once when the database is found to be away meanwhile. */
  async race<T>(work: () => Promise<T>): Promise<T> {
    this.check()
    let giveUp: ((error: DatabaseUnavailableError) => void) | undefined
    const away = new Promise<never>((_, reject) => {
      giveUp = reject
      this.#waiting.add(reject)
    })
    try {
      return await Promise.race([work(), away])
    } finally {
      this.#waiting.delete(giveUp!)
    }
  }

  #error(): DatabaseUnavailableError {
    if (this.#refusal === undefined) return new DatabaseUnavailableError('the database is not reachable')
    return new DatabaseUnavailableError('the database does not tell its state', { cause: this.#refusal })
  }
}
