import { Deadlines } from './deadlines.ts'
import type { ClockPort } from './ports.ts'

/** Longest wait of a write for earlier ones, milliseconds. Callers that wait longer give up, and would queue the write again behind itself. */
export const WRITE_WAIT_MS = 5_000

/**
 * Limits how long writes wait for their turn. A request must not fail because of Redis: while a view that was turned OFF
 * drains, which may take longer, and for WRITE_WAIT_MS afterwards, no write is late.
 */
export class WaitLimit {
  readonly #clock: Pick<ClockPort, 'now'>
  readonly #deadlines: Deadlines
  readonly #lastDraining: () => number

  /** `lastDraining`: the last moment, by the clock, at which a view was draining. */
  constructor(clock: Pick<ClockPort, 'now' | 'sleep'>, lastDraining: () => number) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock, WRITE_WAIT_MS)
    this.#lastDraining = lastDraining
  }

  /** Calls `onLate` unless the returned function is called before. */
  begin(onLate: () => void): () => void {
    let end = () => {}
    const watch = () => {
      end = this.#deadlines.begin(() => {
        if (this.#clock.now() - this.#lastDraining() < WRITE_WAIT_MS) watch()
        else onLate()
      })
    }
    watch()
    return () => end()
  }
}
