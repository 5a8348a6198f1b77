import { Deadlines } from './deadlines.ts'
import type { ClockPort } from './ports.ts'

/** Longest wait of a write for those before it, milliseconds: callers give up, and would send it again behind itself. */
export const WRITE_WAIT_MS = 5_000

/**
 * The longest wait of writes for their turn. A request must not fail because of Redis: while a view that was turned OFF
 * drains, which may take longer, nothing is late, and the time begins again behind it.
 */
export class WaitLimit {
  readonly #deadlines: Deadlines
  readonly #isDraining: () => boolean

  constructor(clock: Pick<ClockPort, 'now' | 'sleep'>, isDraining: () => boolean) {
    this.#deadlines = new Deadlines(clock, WRITE_WAIT_MS)
    this.#isDraining = isDraining
  }

  /** Calls `onLate` unless what is returned is called before. */
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
