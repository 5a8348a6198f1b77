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

/** Counts the statements in flight. */
export class StatementsUnderWay {
  readonly #clock: Pick<ClockPort, 'now' | 'sleep'>
  readonly #limits: StatementLimits
  /** When each was sent. */
  readonly #underWay = new Set<{ readonly sentAt: number }>()
  #isWatching = false

  constructor(clock: Pick<ClockPort, 'now' | 'sleep'>, limits: StatementLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  get maySend(): boolean {
    const { statements, quickStatements, patienceMs } = this.#limits
    if (this.#underWay.size >= statements) return false
    if (this.#underWay.size < quickStatements) return true
    const slowBefore = this.#clock.now() - patienceMs
    let quick = 0
    for (const { sentAt } of this.#underWay) if (sentAt > slowBefore) quick++
    return quick < quickStatements
  }

  /** Calls back when a statement that is in flight now may have become slow. One call back at a time. */
  whenSlow(onSlow: () => void): void {
    const { patienceMs } = this.#limits
    if (this.#isWatching || patienceMs === 0) return
    this.#isWatching = true
    void this.#clock.sleep(patienceMs).then(() => {
      this.#isWatching = false
      onSlow()
    })
  }

  /** Call when a statement is sent, and what is returned when it has ended. */
  begin(): () => void {
    const statement = { sentAt: this.#clock.now() }
    this.#underWay.add(statement)
    return () => this.#underWay.delete(statement)
  }
}
