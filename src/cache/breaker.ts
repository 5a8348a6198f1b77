export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number
  /** Pause between the probes while it is open, milliseconds. */
  readonly probeMs: number
  /** Resolves when Redis answers. */
  readonly probe: () => Promise<unknown>
  /**
   * Failures of one turn of the event loop count as one: the partitions of a cluster renew their leases together, so that one
   * short stall of a node is the failure of many commands. Default: false.
   */
  readonly countsTurns?: boolean
  /** Every change of state; with the failure when it opens from closed. */
  readonly onChange: (state: BreakerState, error?: unknown) => void
  /** Tests give their own. */
  readonly schedule?: Schedule
}

/** Runs `work` after `ms` of monotonic time; what it returns cancels that. */
export type Schedule = (ms: number, work: () => void) => () => void

/** A probe that takes longer counts as failed, even if it still waits. */
const PROBE_TIMEOUT_MS = 10_000

/** Timers of Node run on the monotonic clock: a wall clock that steps neither holds the breaker open nor closes it. */
const BY_TIMER: Schedule = (ms, work) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

/**
 * The circuit breaker in front of Redis. Callers look at `closed`, a plain flag, and report outcomes. While it is open no
 * request waits for Redis: only a probe closes it. No library: those at hand count pauses on the wall clock.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #schedule: Schedule
  #state: BreakerState = 'closed'
  #closed = true
  #since = new Date()
  #failures = 0
  #counted = false
  #cancel = () => {}
  #stopped = false

  constructor(options: BreakerOptions) {
    this.#options = options
    this.#schedule = options.schedule ?? BY_TIMER
  }

  get closed(): boolean {
    return this.#closed
  }

  get state(): BreakerState {
    return this.#state
  }

  /** When it was opened or closed last. */
  get since(): Date {
    return this.#since
  }

  get consecutiveFailures(): number {
    return this.#failures
  }

  succeeded(): void {
    // A reply that was late says nothing of the present: an open breaker waits for its probe.
    if (this.#closed) this.#failures = 0
  }

  failed(error: unknown): void {
    if (this.#options.countsTurns) {
      if (this.#counted) return
      this.#counted = true
      setImmediate(() => {
        this.#counted = false
      })
    }
    this.#failures++
    if (!this.#closed || this.#failures < this.#options.failures) return
    this.#closed = false
    this.#since = new Date()
    this.#open(error)
  }

  /** Ends the probing. */
  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #open(error?: unknown): void {
    this.#enter('open', error)
    if (!this.#stopped) this.#cancel = this.#schedule(this.#options.probeMs, () => this.#halfOpen())
  }

  #halfOpen(): void {
    this.#enter('half-open')
    let settled = false
    const settle = (answered: boolean) => {
      if (settled || this.#stopped) return
      settled = true
      this.#cancel()
      if (answered) this.#close()
      else {
        this.#failures++
        this.#open()
      }
    }
    this.#cancel = this.#schedule(PROBE_TIMEOUT_MS, () => settle(false))
    this.#options.probe().then(
      () => settle(true),
      () => settle(false),
    )
  }

  #close(): void {
    this.#closed = true
    this.#failures = 0
    this.#since = new Date()
    this.#enter('closed')
  }

  #enter(state: BreakerState, error?: unknown): void {
    this.#state = state
    this.#options.onChange(state, error)
  }
}
