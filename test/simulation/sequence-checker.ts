import type { DrawnNumbers } from '../../src/sequence/counter.ts'
import type { PostgresServer } from './postgres-server.ts'

/** A draw as it began. */
export interface DrawStart {
  readonly user: string
  /** The view's state; a draw that ends in the same one saw it ON all the time. */
  readonly viewChanges: number
  /** Highest number whose draw had begun and ended while the view was as it is now. */
  readonly floor: number
}

/** No number twice, ever; ascending while the view stays ON. */
export class SequenceChecker {
  readonly #server: PostgresServer
  readonly #violated: (what: string) => void
  readonly #drawn = new Map<string, Set<number>>()
  readonly #highest = new Map<string, { viewChanges: number; number: number }>()

  constructor(server: PostgresServer, violated: (what: string) => void) {
    this.#server = server
    this.#violated = violated
  }

  begins(user: string): DrawStart {
    const { viewChanges } = this.#server
    const highest = this.#highest.get(user)
    return { user, viewChanges, floor: highest?.viewChanges === viewChanges ? highest.number : 0 }
  }

  ends({ user, viewChanges, floor }: DrawStart, { last, source }: DrawnNumbers, count: number): void {
    const drawn = this.#drawn.get(user) ?? new Set()
    this.#drawn.set(user, drawn)
    for (let number = last - count + 1; number <= last; number++) {
      if (drawn.has(number)) this.#violated(`${source}: the number ${number} of ${user} was handed out twice`)
      drawn.add(number)
    }
    if (this.#server.view.mode !== 'ON' || this.#server.viewChanges !== viewChanges) return
    if (last - count < floor)
      this.#violated(`${source}: ${user} drew ${last - count + 1} after ${floor} while the view was ON`)
    const highest = this.#highest.get(user)
    if (highest?.viewChanges !== viewChanges || highest.number < last)
      this.#highest.set(user, { viewChanges, number: last })
  }
}
