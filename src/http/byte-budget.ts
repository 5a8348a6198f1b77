/** The part of the budget that one caller may use. */
const SHARE = 1 / 8

/** Bounds the bytes in flight, per caller and for all callers together. A caller with nothing in flight passes the bound per caller. */
export class ByteBudget {
  readonly #maxBytes: number
  readonly #byCaller = new Map<string, number>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * Reserves the bytes until the returned function is called; call it once. When a limit is reached, reserves nothing and
   * returns which one: that of the caller or that of all.
   */
  take(caller: string, bytes: number): (() => void) | 'caller' | 'all' {
    const own = this.#byCaller.get(caller) ?? 0
    if (own > 0 && own + bytes > this.#maxBytes * SHARE) return 'caller'
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) return 'all'
    this.#bytes += bytes
    this.#byCaller.set(caller, own + bytes)
    return () => {
      this.#bytes -= bytes
      const left = this.#byCaller.get(caller)! - bytes
      if (left === 0) this.#byCaller.delete(caller)
      else this.#byCaller.set(caller, left)
    }
  }
}
