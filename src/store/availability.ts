import { DatabaseUnavailableError } from '../consistency/ports.ts'

/**
 * Whether the database is known to be away. The lease renewal asks it every p and sets this, so that reads and
 * writes of an outage fail at once instead of waiting for timeouts one by one.
 */
export class Availability {
  #down = false
  readonly #waiting = new Set<(error: DatabaseUnavailableError) => void>()

  get down(): boolean {
    return this.#down
  }

  set(up: boolean): void {
    this.#down = !up
    if (up) return
    const error = unreachable()
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  /** Throws when the database is known to be away. */
  check(): void {
    if (this.#down) throw unreachable()
  }

  /** For reads: gives up at once when the database is found to be away while they wait. */
  async race<T>(work: () => Promise<T>): Promise<T> {
    this.check()
    let giveUp: ((error: DatabaseUnavailableError) => void) | undefined
    const away = new Promise<never>((_, reject) => {
      giveUp = reject
      this.#waiting.add(reject)
    })
    try {
      return await Promise.race([work(), away])
    } finally {
      this.#waiting.delete(giveUp!)
    }
  }
}

function unreachable(): DatabaseUnavailableError {
  return new DatabaseUnavailableError('the database is not reachable')
}
