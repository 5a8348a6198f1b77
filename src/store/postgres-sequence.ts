import type { Pool } from 'pg'
import type {
  ReplyStorePort,
  ReservedBlock,
  SequenceDay,
  SequenceStorePort,
  StoredDraw,
  StoredReply,
} from '../sequence/ports.ts'
import type { Availability } from './availability.ts'
import { asUnavailable } from './database-errors.ts'
import { rememberReply, selectReply } from './statements/sequence-replies.ts'
import { drawNumbers, reserveBlock, selectHighWater } from './statements/sequences.ts'

/** Order numbers in PostgreSQL. While it is known to be away, nothing waits for it. */
export class PostgresSequence implements SequenceStorePort, ReplyStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  reserve(day: SequenceDay, atLeast: number, used: number, known: number): Promise<ReservedBlock> {
    return this.#run(() => reserveBlock(this.#pool, day, { wanted: atLeast, used, known }))
  }

  draw({ userId, day }: SequenceDay, count: number): Promise<StoredDraw | null> {
    return this.#run(() => drawNumbers(this.#pool, userId, day, count))
  }

  highWater({ userId, day }: SequenceDay): Promise<number> {
    return this.#run(() => selectHighWater(this.#pool, userId, day))
  }

  find(userId: string, key: string): Promise<StoredReply | undefined> {
    return this.#run(() => selectReply(this.#pool, userId, key))
  }

  remember(userId: string, key: string, reply: StoredReply): Promise<StoredReply> {
    return this.#run(() => rememberReply(this.#pool, userId, key, reply))
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#availability.race(work)
    } catch (error) {
      throw asUnavailable(error)
    }
  }
}
