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
 * A number of places for transactions. The first is taken at once. While one is under way, those who want another wait in line
 * for `gatherMs`, and no longer than it takes or than `stopGathering` allows; each place goes to the next in line.
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

  /** True = a place is taken, which `release` gives back. */
  take(): boolean {
    if (this.#free === 0 || (this.#gatherMs > 0 && this.#free < this.count)) return false
    this.#free--
    return true
  }

  /** Calls back with a place taken, at once or when it is this one's turn. */
  lineUp(taken: () => void): void {
    if (this.take()) {
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
