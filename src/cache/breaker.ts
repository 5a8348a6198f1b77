import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel'

export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number
  /** Pause between the probes while it is open, milliseconds. */
  readonly probeMs: number
  /** Resolves when Redis answers. */
  readonly probe: () => Promise<unknown>
  /** Every change, with the failure that opened it. */
  readonly onChange: (state: BreakerState, error?: unknown) => void
}

/** The probe may come this much before the policy would let it pass. */
const TIMER_SLACK_MS = 5

const STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
}

/**
 * The circuit breaker in front of Redis. Callers look at `closed`, a plain flag, and report outcomes; the policy of
 * cockatiel counts and decides. While it is open no request waits for Redis: only a probe closes it.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #policy: CircuitBreakerPolicy
  #closed = true
  #state: BreakerState = 'closed'
  #since = new Date()
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: BreakerOptions) {
    this.#options = options
    this.#policy = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(options.failures),
      halfOpenAfter: Math.max(1, options.probeMs - TIMER_SLACK_MS),
    })
    this.#policy.onStateChange(state => this.#changed(STATES[state]))
  }

  get closed(): boolean {
    return this.#closed
  }

  get state(): BreakerState {
    return this.#state
  }

  /** When it was opened or closed. */
  get since(): Date {
    return this.#since
  }

  get consecutiveFailures(): number {
    return this.#failures
  }

  succeeded(): void {
    if (this.#failures === 0 || !this.#closed) return
    this.#failures = 0
    void this.#policy.execute(() => {})
  }

  failed(error: unknown): void {
    this.#failures++
    if (!this.#closed) return
    this.#policy.execute(() => Promise.reject(error)).catch(() => {})
  }

  /** Ends the probing. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #changed(state: BreakerState): void {
    this.#state = state
    // Half-open and open again is the same outage: nobody needs to hear of each probe.
    const closed = state === 'closed'
    if (closed !== this.#closed) {
      this.#closed = closed
      this.#since = new Date()
      if (closed) this.#failures = 0
      const { lastFailure } = this.#policy
      this.#options.onChange(state, lastFailure && 'error' in lastFailure ? lastFailure.error : undefined)
    }
    if (state === 'open') this.#timer = setTimeout(() => void this.#probe(), this.#options.probeMs)
  }

  async #probe(): Promise<void> {
    try {
      await this.#policy.execute(() => this.#options.probe())
    } catch {
      // The policy is open again by now and has set the next probe.
      this.#failures++
    }
  }
}
