import { type WaitLimit, WRITE_WAIT_MS } from './wait-limit.ts'

/** Writes of one document that may wait; no correct client sends more. */
const MAX_WAITING = 1_000

/** More writes wait than can be done in time. */
export class WriteQueueFullError extends Error {
  override readonly name = 'WriteQueueFullError'
}

/**
 * The writes of one document in this process, one after the other. The row lock would order them as well, but each
 * waiter would hold a connection meanwhile, and one busy document would starve all others of the pool.
 */
export class WriteQueue {
  readonly #tails = new Map<string, { waiting: number; last: Promise<void> }>()
  readonly #limit: WaitLimit

  constructor(limit: WaitLimit) {
    this.#limit = limit
  }

  /** Runs `work` when all earlier work on any of `ids` has ended. WriteQueueFullError, and it never runs. */
  async run<T>(ids: readonly string[], work: () => Promise<T>): Promise<T> {
    const unique = [...new Set(ids)]
    if (unique.some(id => (this.#tails.get(id)?.waiting ?? 0) >= MAX_WAITING)) {
      throw new WriteQueueFullError(`${MAX_WAITING} writes of one document are waiting`)
    }
    // Takes all places at once, so that two writes of the same documents cannot wait for one another.
    const { promise, resolve } = Promise.withResolvers<void>()
    const before: Promise<void>[] = []
    for (const id of unique) this.#join(id, promise, before)
    const leave = () => {
      resolve()
      for (const id of unique) this.#leave(id)
    }
    if (before.length > 0) await this.#turn(Promise.all(before), leave)
    try {
      return await work()
    } finally {
      leave()
    }
  }

  /** Waits for the earlier writes. A write that gives up keeps its places until those end, because the ones behind it wait for all of them. */
  async #turn(before: Promise<unknown>, leave: () => void): Promise<void> {
    const late = Promise.withResolvers<never>()
    const end = this.#limit.begin(() => {
      void before.then(leave)
      late.reject(new WriteQueueFullError(`writes of one document waited longer than ${WRITE_WAIT_MS} ms`))
    })
    try {
      await Promise.race([before, late.promise])
    } finally {
      end()
    }
  }

  /** Lines up as the last one, whose `end` the next one waits for. Adds what it has to wait for itself to `before`. */
  #join(id: string, end: Promise<void>, before: Promise<void>[]): void {
    const queue = this.#tails.get(id)
    if (queue === undefined) {
      this.#tails.set(id, { waiting: 1, last: end })
      return
    }
    before.push(queue.last)
    queue.last = end
    queue.waiting++
  }

  #leave(id: string): void {
    const queue = this.#tails.get(id)!
    if (--queue.waiting === 0) this.#tails.delete(id)
  }
}
