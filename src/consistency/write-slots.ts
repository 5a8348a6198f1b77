/** A number of places; those who find none free wait in line for one. */
export class Slots {
  #free: number
  readonly #line: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** True = a place is taken, which `release` gives back. */
  take(): boolean {
    if (this.#free === 0) return false
    this.#free--
    return true
  }

  /** Calls back with a place taken, at once or when it is this one's turn. */
  lineUp(taken: () => void): void {
    if (this.take()) taken()
    else this.#line.push(taken)
  }

  release(): void {
    const next = this.#line.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

/** Transactions at once that hold several writes: of callers that wait for them, and of imports. */
export class WriteSlots {
  readonly small: Slots
  readonly large: Slots

  constructor(count: number) {
    this.small = new Slots(count)
    this.large = new Slots(count)
  }
}
