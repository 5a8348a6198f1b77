import type { DrawnNumbers } from '../../src/sequence/counter.ts'
import type { PostgresServer } from './postgres-server.ts'

/** A draw as it began. */
export interface DrawStart {
  readonly user: string
  /** The view's state; a draw that ends in the same one saw it ON all the time. */
  readonly viewChanges: number
  /** Highest number whose draw had begun and ended while the view was as it is now. */
  readonly floor: number
  readonly epoch: number
}

/**
 * No number twice, ever; ascending while the view stays ON.
 *
 * Exempt, as docs/order-numbers.md says: an operator has put back an older block, or ticket, *and* its witness. Until the
 * view changes, numbers up to the high-water mark of that moment may come again, and fall.
 */
export class SequenceChecker {
  readonly #server: PostgresServer
  readonly #violated: (what: string) => void
  readonly #viewsOf: (user: string) => readonly number[]
  readonly #drawn = new Map<string, Set<number>>()
  readonly #putBack = new Map<string, { readonly epoch: number; readonly upTo: number }>()
  readonly #highest = new Map<string, { viewChanges: number; number: number }>()

  /** `viewsOf`: the views under which numbers of a user are counted. */
  constructor(
    server: PostgresServer,
    violated: (what: string) => void,
    viewsOf: (user: string) => readonly number[] = () => [0],
  ) {
    this.#server = server
    this.#violated = violated
    this.#viewsOf = viewsOf
  }

  /** An operator has put back an older counter of the user, and its witness; `highWater` is that of PostgreSQL. */
  putBack(user: string, highWater: number): void {
    this.#putBack.set(user, { epoch: this.#server.view.epoch, upTo: highWater })
  }

  begins(user: string): DrawStart {
    const { view } = this.#server
    const viewChanges = this.#changesOf(user)
    const highest = this.#highest.get(user)
    const floor = highest?.viewChanges === viewChanges ? highest.number : 0
    return { user, viewChanges, floor, epoch: view.epoch }
  }

  ends(start: DrawStart, { last, source }: DrawnNumbers, count: number): void {
    const { user, viewChanges, floor } = start
    const isExempt = this.#isExempt(start, last)
    const drawn = this.#drawn.get(user) ?? new Set()
    this.#drawn.set(user, drawn)
    for (let number = last - count + 1; number <= last; number++) {
      if (drawn.has(number) && !isExempt)
        this.#violated(`${source}: the number ${number} of ${user} was handed out twice`)
      drawn.add(number)
    }
    const isOn = this.#viewsOf(user).some(id => this.#server.viewOf(id).mode === 'ON')
    if (!isOn || this.#changesOf(user) !== viewChanges) return
    if (last - count < floor && !isExempt)
      this.#violated(`${source}: ${user} drew ${last - count + 1} after ${floor} while the view was ON`)
    const highest = this.#highest.get(user)
    if (highest?.viewChanges !== viewChanges || highest.number < last)
      this.#highest.set(user, { viewChanges, number: last })
  }

  #changesOf(user: string): number {
    return this.#viewsOf(user).reduce((sum, id) => sum + this.#server.viewChangesOf(id), 0)
  }

  #isExempt({ user, epoch }: DrawStart, last: number): boolean {
    const putBack = this.#putBack.get(user)
    return putBack !== undefined && epoch <= putBack.epoch && last <= putBack.upTo
  }
}
