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
    return this.#availability.query(() => reserveBlock(this.#pool, day, { wanted: atLeast, used, known }))
  }

  draw({ userId, day }: SequenceDay, count: number): Promise<StoredDraw | null> {
    return this.#availability.query(() => drawNumbers(this.#pool, userId, day, count))
  }

  highWater({ userId, day }: SequenceDay): Promise<number> {
    return this.#availability.query(() => selectHighWater(this.#pool, userId, day))
  }

  find(userId: string, key: string): Promise<StoredReply | undefined> {
    return this.#availability.query(() => selectReply(this.#pool, userId, key))
  }

  remember(userId: string, key: string, reply: StoredReply): Promise<StoredReply> {
    return this.#availability.query(() => rememberReply(this.#pool, userId, key, reply))
  }
}
