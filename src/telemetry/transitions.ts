/** A change of the breaker or of the view, as this instance saw it. */
export interface Transition {
  /** RFC 3339, UTC. */
  readonly at: string
  readonly subject: 'breaker' | 'view'
  /** `closed`, `open`; `on`, `off`. */
  readonly state: string
  /** Why, for operators; without secrets. */
  readonly detail: string
  /** On the way back: how long the outage took. */
  readonly recovery_ms?: number
}

/** Enough for a night of trouble in little memory. */
const KEPT = 100

/** The last transitions, newest first; older ones are dropped. */
export class Transitions {
  #newestFirst: readonly Transition[] = []

  add(transition: Omit<Transition, 'at'>): void {
    const added = { at: new Date().toISOString(), ...transition }
    this.#newestFirst = [added, ...this.#newestFirst.slice(0, KEPT - 1)]
  }

  list(): readonly Transition[] {
    return this.#newestFirst
  }
}
