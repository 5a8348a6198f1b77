import type { ClockPort } from './ports.ts'

/** The moments at which several protocols of one process renew their leases, so that what they ask leaves together. */
export class RenewalTicks {
  readonly #clock: Pick<ClockPort, 'now' | 'sleep'>
  readonly #renewMs: number
  #next: Promise<void> | undefined

  constructor(clock: Pick<ClockPort, 'now' | 'sleep'>, renewMs: number) {
    this.#clock = clock
    this.#renewMs = renewMs
  }

  /** Resolves at the next tick, for all callers in one turn of the event loop. */
  next(): Promise<void> {
    this.#next ??= this.#clock.sleep(this.#renewMs - (this.#clock.now() % this.#renewMs)).finally(() => {
      this.#next = undefined
    })
    return this.#next
  }
}
