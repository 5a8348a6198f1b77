/** What a URL answered last, parsed and frozen. */
export interface TaggedAnswer {
  readonly etag: string
  readonly value: unknown
}

/**
 * The newest answers by user and path, so that a poll costs a 304. Nothing is answered from here without the gateway
 * having said that it is current. Bounded: the one that was not used for longest goes first.
 */
export class EtagCache {
  readonly #entries = new Map<string, TaggedAnswer>()
  readonly #maxEntries: number

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get(key: string): TaggedAnswer | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: TaggedAnswer): void {
    this.#entries.delete(key)
    if (this.#maxEntries === 0) return
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value!)
  }
}

/** Freezes parsed JSON: it is handed to every caller that polls. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}
