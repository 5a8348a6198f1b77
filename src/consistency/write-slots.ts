import type { ClockPort } from './ports.ts'

/** Transactions at once that may hold several writes: while one waits for PostgreSQL, another computes. */
export const WRITE_SLOTS = 2

/**
 * Longest wait of a write for others to share its transaction with, milliseconds, while another transaction is under way: the
 * writers that it answers send their next writes within that time. Without it every second transaction holds a single write;
 * with it 16 writers store a third more, with a third less processor time of the gateway per write.
 */
const GATHER_MS = 6

/**
 * A number of places for transactions. It is in one of three states:
 * - none is taken: the first caller gets a place at once;
 * - some are taken, but not all: callers wait in line for `gatherMs`, so that they share a transaction. The wait ends early when
 *   the last transaction under way ends, or with `stopGathering`; then the free places go to those in line;
 * - all are taken: callers wait in line, and a place that is given back begins the wait of the second state.
 * With `gatherMs` 0 the second state does not exist: a free place is taken at once.
 */
export class Slots {
  readonly count: number
  readonly #gatherMs: number
  readonly #clock: Pick<ClockPort, 'sleep'>
  readonly #line: (() => void)[] = []
  #free: number
  /** Of this wait for others; undefined = none. */
  #gathering: object | undefined

  constructor(count: number, clock: Pick<ClockPort, 'sleep'>, gatherMs = GATHER_MS) {
    this.count = count
    this.#gatherMs = gatherMs
    this.#clock = clock
    this.#free = count
  }

  /** True = a place is taken, which `release` gives back; false = line up. */
  takeAtOnce(): boolean {
    if (this.#free === 0 || (this.#gatherMs > 0 && this.#free < this.count)) return false
    this.#free--
    return true
  }

  /** Calls back with a place taken, at once or when it is this one's turn. */
  lineUp(taken: () => void): void {
    if (this.takeAtOnce()) {
      taken()
      return
    }
    this.#line.push(taken)
    if (this.#free > 0) void this.#gather()
  }

  release(): void {
    this.#free++
    if (this.#line.length === 0) return
    if (this.#free === this.count || this.#gatherMs === 0) this.#serve()
    else void this.#gather()
  }

  /** Nobody else is expected: the free places go to those in line. */
  stopGathering(): void {
    this.#gathering = undefined
    this.#serve()
  }

  async #gather(): Promise<void> {
    if (this.#gathering !== undefined) return
    const gathering = {}
    this.#gathering = gathering
    await this.#clock.sleep(this.#gatherMs)
    if (this.#gathering === gathering) this.stopGathering()
  }

  #serve(): void {
    while (this.#free > 0 && this.#line.length > 0) {
      this.#free--
      this.#line.shift()!()
    }
  }
}

/** Transactions at once that hold several writes: of callers that wait for them, and of imports. */
export class WriteSlots {
  readonly small: Slots
  readonly large: Slots

  constructor(count: number, clock: Pick<ClockPort, 'sleep'>) {
    this.small = new Slots(count, clock)
    // An import has so many writes under way that they meet by themselves.
    this.large = new Slots(count, clock, 0)
  }
}
