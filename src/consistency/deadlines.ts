import type { ClockPort } from './ports.ts'

/** Longest delay before a passed deadline is noticed. It also bounds how long the watch outlasts the last deadline. */
const STEP_MS = 250

interface Deadline {
  /** On the monotonic clock. */
  readonly at: number
  readonly onLate: () => void
}

/** Deadlines of equal length, watched by one timer, because a timer each would cost more than the waits that they bound. */
export class Deadlines {
  readonly #clock: Pick<ClockPort, 'now' | 'sleep'>
  readonly #waitMs: number
  /** The next one first. */
  readonly #open = new Set<Deadline>()
  #watching = false

  constructor(clock: Pick<ClockPort, 'now' | 'sleep'>, waitMs: number) {
    this.#clock = clock
    this.#waitMs = waitMs
  }

  /** Calls `onLate` unless the returned function is called before. */
  begin(onLate: () => void): () => void {
    const deadline = { at: this.#clock.now() + this.#waitMs, onLate }
    this.#open.add(deadline)
    if (!this.#watching) void this.#watch()
    return () => this.#open.delete(deadline)
  }

  async #watch(): Promise<void> {
    this.#watching = true
    for (;;) {
      const [next] = this.#open
      if (next === undefined) break
      await this.#clock.sleep(Math.min(STEP_MS, Math.max(1, next.at - this.#clock.now())))
      this.#callLate()
    }
    this.#watching = false
  }

  #callLate(): void {
    const now = this.#clock.now()
    for (const deadline of this.#open) {
      if (deadline.at > now) return
      this.#open.delete(deadline)
      deadline.onLate()
    }
  }
}
