import type { ClockPort } from './ports.ts'

/** How many statements of one kind are in flight at once. */
export interface StatementLimits {
  /** Slow ones included. */
  readonly statements: number
  /** While none is slow. */
  readonly quickStatements: number
  /** A statement in flight for longer is slow, and one more is sent beside it, milliseconds. */
  readonly patienceMs: number
}

export interface SharedStatementsDeps {
  readonly clock: Pick<ClockPort, 'now' | 'sleep' | 'turn'>
  readonly limits: StatementLimits
  /** Reads that wait for a statement. */
  readonly waiting: () => number
  /** Sends one for the next of them, and resolves when all of these are told. Never rejects. */
  readonly send: () => Promise<void>
}

/** Statements that reads share: when the next one is sent, and how many are in flight. */
export class SharedStatements {
  readonly #deps: SharedStatementsDeps
  /** When each was sent. */
  readonly #underWay = new Set<{ readonly sentAt: number }>()
  #isScheduled = false
  #isWatching = false

  constructor(deps: SharedStatementsDeps) {
    this.#deps = deps
  }

  /**
   * Call when a read waits. The next statement is sent in the next turn of the event loop, so that requests that have arrived
   * together share it.
   */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    void this.#deps.clock.turn().then(() => {
      this.#isScheduled = false
      while (this.#deps.waiting() > 0 && this.#maySend) void this.#send()
      if (this.#deps.waiting() > 0) this.#scheduleWhenSlow()
    })
  }

  get #maySend(): boolean {
    const { clock, limits } = this.#deps
    if (this.#underWay.size >= limits.statements) return false
    if (this.#underWay.size < limits.quickStatements) return true
    const slowBefore = clock.now() - limits.patienceMs
    let quick = 0
    for (const { sentAt } of this.#underWay) if (sentAt > slowBefore) quick++
    return quick < limits.quickStatements
  }

  async #send(): Promise<void> {
    const statement = { sentAt: this.#deps.clock.now() }
    this.#underWay.add(statement)
    try {
      await this.#deps.send()
    } finally {
      this.#underWay.delete(statement)
      if (this.#deps.waiting() > 0) this.schedule()
    }
  }

  /** A statement that is in flight now may have become slow by then. */
  #scheduleWhenSlow(): void {
    const { clock, limits } = this.#deps
    if (this.#isWatching || limits.patienceMs === 0) return
    this.#isWatching = true
    void clock.sleep(limits.patienceMs).then(() => {
      this.#isWatching = false
      if (this.#deps.waiting() > 0) this.schedule()
    })
  }
}
