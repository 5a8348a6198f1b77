import { DomainError } from '../errors.ts'
import type { ChangePoint } from './change-point.ts'
import type { ChangeListener, DocumentChange } from './ports.ts'

export interface ListenerLimits {
  /** All listeners of one instance. */
  readonly all: number
  /** Listeners to one user, who may not take the room of all. */
  readonly perUser: number
}

/** Who listens to whose changes: those who are told, and those who wait to be. */
export class Listeners {
  readonly #limits: ListenerLimits
  readonly #live = new Map<string, Set<ChangeListener>>()
  readonly #countOf = new Map<string, number>()
  readonly #joining = new Set<ChangeListener>()
  readonly #all = new Set<ChangeListener>()

  constructor(limits: ListenerLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#all.size
  }

  /** OVERLOADED beyond the limits. */
  add(listener: ChangeListener): void {
    const ofUser = this.#countOf.get(listener.userId) ?? 0
    if (this.#all.size >= this.#limits.all || ofUser >= this.#limits.perUser) {
      throw new DomainError('OVERLOADED', 'too many listeners', { retryAfterS: 5 })
    }
    this.#all.add(listener)
    this.#countOf.set(listener.userId, ofUser + 1)
    this.#joining.add(listener)
  }

  /** Takes at most `most` of those who wait. They are neither live nor waiting until `promote`. */
  takeJoining(most: number): ChangeListener[] {
    const taken = [...this.#joining].slice(0, most)
    for (const listener of taken) this.#joining.delete(listener)
    return taken
  }

  /** False when it has gone meanwhile. */
  promote(listener: ChangeListener): boolean {
    if (!this.#all.has(listener)) return false
    const ofUser = this.#live.get(listener.userId)
    if (ofUser === undefined) this.#live.set(listener.userId, new Set([listener]))
    else ofUser.add(listener)
    return true
  }

  remove(listener: ChangeListener): void {
    if (!this.#all.delete(listener)) return
    this.#joining.delete(listener)
    const ofUser = this.#live.get(listener.userId)
    ofUser?.delete(listener)
    if (ofUser?.size === 0) this.#live.delete(listener.userId)
    const left = (this.#countOf.get(listener.userId) ?? 1) - 1
    if (left === 0) this.#countOf.delete(listener.userId)
    else this.#countOf.set(listener.userId, left)
  }

  /** Tells the listeners of each user that user's changes; all of them to read again when the changes are not known. */
  tell(point: ChangePoint, changes: readonly DocumentChange[] | 'resync'): void {
    if (changes === 'resync') {
      for (const listener of this.live()) listener.changed(point, 'resync')
      return
    }
    for (const [userId, own] of Map.groupBy(
      changes.filter(change => this.#live.has(change.userId)),
      change => change.userId,
    )) {
      for (const listener of [...this.#live.get(userId)!]) listener.changed(point, own)
    }
  }

  *live(): Generator<ChangeListener> {
    for (const ofUser of [...this.#live.values()]) yield* [...ofUser]
  }
}
