import type { Counter } from './counter.ts'
import type { SequenceDay } from './ports.ts'

/** The Counter of a cluster: that of the user's partition. */
export class PartitionedCounter implements Pick<Counter, 'draw' | 'last' | 'forget'> {
  readonly #of: (userId: string) => Pick<Counter, 'draw' | 'last' | 'forget'>

  constructor(of: (userId: string) => Pick<Counter, 'draw' | 'last' | 'forget'>) {
    this.#of = of
  }

  draw(day: SequenceDay, count: number, settingsVersion: number) {
    return this.#of(day.userId).draw(day, count, settingsVersion)
  }

  last(day: SequenceDay): Promise<number> {
    return this.#of(day.userId).last(day)
  }

  forget(userId: string): Promise<void> {
    return this.#of(userId).forget(userId)
  }
}
