/** Reads that may wait: each holds a request, and more could not be read before their callers give up. */
const MAX_WAITING = 10_000
/** Lower than MAX_WAITING, so that one user cannot fill the queue. */
const MAX_WAITING_PER_USER = 1_000

/** Waiting reads in the order of arrival, by user; users take turns. */
export class ReadQueue<T extends { readonly userId: string }> {
  /** The user whose turn is next comes first. */
  readonly #byUser = new Map<string, T[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** False when there is no room. */
  add(read: T): boolean {
    const own = this.#byUser.get(read.userId)
    if (this.#size >= MAX_WAITING || (own?.length ?? 0) >= MAX_WAITING_PER_USER) return false
    if (own === undefined) this.#byUser.set(read.userId, [read])
    else own.push(read)
    this.#size++
    return true
  }

  /** Takes at most `most` reads, one of each user in turn. */
  take(most: number): T[] {
    const taken: T[] = []
    while (taken.length < most && this.#size > 0) {
      for (const [userId, own] of this.#byUser) {
        if (taken.length >= most) break
        taken.push(own.shift()!)
        this.#size--
        this.#byUser.delete(userId)
        // Re-inserted after the others; this loop reaches it again.
        if (own.length > 0) this.#byUser.set(userId, own)
      }
    }
    return taken
  }

  /** Takes the reads that match, of the users in `taken`. */
  takeMatching(taken: readonly T[], matches: (read: T) => boolean): T[] {
    const users = new Set(taken.map(({ userId }) => userId))
    return [...users].flatMap(userId => {
      const own = this.#byUser.get(userId)
      if (own === undefined) return []
      const matching = own.filter(matches)
      if (matching.length > 0)
        this.#keep(
          userId,
          own.filter(read => !matches(read)),
        )
      return matching
    })
  }

  remove(read: T): void {
    const own = this.#byUser.get(read.userId)
    if (own?.includes(read))
      this.#keep(
        read.userId,
        own.filter(each => each !== read),
      )
  }

  /** Keeps only these reads of the user, at the same turn. */
  #keep(userId: string, left: T[]): void {
    this.#size -= this.#byUser.get(userId)!.length - left.length
    if (left.length === 0) this.#byUser.delete(userId)
    else this.#byUser.set(userId, left)
  }
}
