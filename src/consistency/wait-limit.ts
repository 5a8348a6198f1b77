import { Deadlines } from './deadlines.ts'
import type { ClockPort } from './ports.ts'

/** Longest wait of a write for earlier ones, milliseconds. Callers that wait longer give up, and would queue the write again behind itself. */
export const WRITE_WAIT_MS = 5_000

/**
 * Limits how long writes wait for their turn. A request must not fail because of Redis, so while a view that was turned OFF
 * drains, which may take longer, no write is late, and its time starts again afterwards.
 */
export class WaitLimit {
  readonly #deadlines: Deadlines
  readonly #isDraining: () => boolean

  constructor(clock: Pick<ClockPort, 'now' | 'sleep'>, isDraining: () => boolean) {
    this.#deadlines = new Deadlines(clock, WRITE_WAIT_MS)
    this.#isDraining = isDraining
  }

  /** Calls `onLate` unless the returned function is called before. */
  begin(onLate: () => void): () => void {
    let end = () => {}
    const watch = () => {
      end = this.#deadlines.begin(() => {
        if (this.#isDraining()) watch()
        else onLate()
      })
    }
    watch()
    return () => end()
  }
}
