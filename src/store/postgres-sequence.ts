import type { Pool } from 'pg'
import type { NumberBlock, SequenceDay, SequenceStorePort } from '../sequence/ports.ts'
import type { Availability } from './availability.ts'
import { asUnavailable } from './database-errors.ts'
import { drawNumbers, reserveBlock, selectHighWater } from './statements/sequences.ts'

/** The SequenceStorePort over PostgreSQL. */
export class PostgresSequence implements SequenceStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  reserve({ userId, day }: SequenceDay, atLeast: number, used: number): Promise<NumberBlock> {
    return this.#run(() => reserveBlock(this.#pool, userId, day, atLeast, used))
  }

  draw({ userId, day }: SequenceDay, count: number): Promise<number | null> {
    return this.#run(() => drawNumbers(this.#pool, userId, day, count))
  }

  highWater({ userId, day }: SequenceDay): Promise<number> {
    return this.#run(() => selectHighWater(this.#pool, userId, day))
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#availability.race(work)
    } catch (error) {
      throw asUnavailable(error)
    }
  }
}
