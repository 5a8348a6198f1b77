/** The part of the budget that one caller may use. */
const SHARE = 1 / 8

/** What one request has reserved of a budget. */
export interface Reservation {
  /** Reserves so many bytes more. When a limit is reached, reserves nothing and returns which one: that of the caller or that of all. */
  add(bytes: number): 'caller' | 'all' | undefined
  /** Gives everything back; call it once. */
  release(): void
}

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
    const reservation = this.open(caller)
    return reservation.add(bytes) ?? (() => reservation.release())
  }

  /** A reservation that grows, empty at first. */
  open(caller: string): Reservation {
    let reserved = 0
    return {
      add: bytes => {
        const own = this.#byCaller.get(caller) ?? 0
        if (own > 0 && own + bytes > this.#maxBytes * SHARE) return 'caller'
        if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) return 'all'
        reserved += bytes
        this.#change(caller, bytes)
        return undefined
      },
      release: () => this.#change(caller, -reserved),
    }
  }

  #change(caller: string, bytes: number): void {
    this.#bytes += bytes
    const own = (this.#byCaller.get(caller) ?? 0) + bytes
    if (own === 0) this.#byCaller.delete(caller)
    else this.#byCaller.set(caller, own)
  }
}
