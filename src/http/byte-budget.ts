/** Of what is in flight at once one caller may have this part. */
const SHARE = 1 / 8

/** Bytes in flight: of all callers together, and of each. The first of a caller always passes, however large. */
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

  /** Takes them until the returned function is called, once; or says whose part is used up, and takes nothing. */
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
