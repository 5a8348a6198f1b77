/** Most callers that are counted at once; the oldest window is dropped first. */
const MAX_CALLERS = 10_000

interface Window {
  count: number
  /** Monotonic, milliseconds. */
  endsAt: number
}

/**
 * Counts per caller in windows of fixed length. @fastify/rate-limit does the same with three promises per request,
 * which cost more than all other work of a cached read, and cannot peek without counting.
 */
export class FixedWindow {
  readonly #max: number
  readonly #windowMs: number
  readonly #windows = new Map<string, Window>()

  constructor(max: number, windowMs: number) {
    this.#max = max
    this.#windowMs = windowMs
  }

  /** Counts one request, `now` on the monotonic clock. 0, or milliseconds until the caller may try again. */
  take(caller: string, now: number): number {
    const window = this.#windows.get(caller)
    if (window !== undefined && now < window.endsAt) {
      return ++window.count <= this.#max ? 0 : window.endsAt - now
    }
    this.#open(caller, now)
    return 0
  }

  /** What the next `take` would return, without counting one. */
  peek(caller: string, now: number): number {
    const window = this.#windows.get(caller)
    return window !== undefined && now < window.endsAt && window.count >= this.#max ? window.endsAt - now : 0
  }

  #open(caller: string, now: number): void {
    // Deleted first, so that the new window goes to the end of the map and the oldest one is the first.
    this.#windows.delete(caller)
    if (this.#windows.size >= MAX_CALLERS) {
      const oldest = this.#windows.keys().next().value
      if (oldest !== undefined) this.#windows.delete(oldest)
    }
    this.#windows.set(caller, { count: 1, endsAt: now + this.#windowMs })
  }
}
