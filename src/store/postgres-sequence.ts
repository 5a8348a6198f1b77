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
import { DrawBatches } from './draw-batches.ts'
import { rememberReply, selectReply } from './statements/sequence-replies.ts'
import {
  type BlockRequest,
  type DrawRequest,
  drawNumbers,
  drawNumbersOfEach,
  reserveBlock,
  reserveBlocks,
  selectHighWater,
} from './statements/sequences.ts'

/** Order numbers in PostgreSQL. While it is known to be away, nothing waits for it. */
export class PostgresSequence implements SequenceStorePort, ReplyStorePort {
  readonly #pool: Pool
  readonly #availability: Availability
  readonly #blocks: DrawBatches<BlockRequest, ReservedBlock>
  readonly #draws: DrawBatches<DrawRequest, StoredDraw | null>

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
    this.#blocks = new DrawBatches({
      together: requests => availability.query(() => reserveBlocks(pool, requests)),
      alone: request => availability.query(() => reserveBlock(pool, request)),
    })
    this.#draws = new DrawBatches({
      together: requests => availability.query(() => drawNumbersOfEach(pool, requests)),
      alone: request => availability.query(() => drawNumbers(pool, request)),
    })
  }

  reserve(day: SequenceDay, atLeast: number, used: number, known: number): Promise<ReservedBlock> {
    return this.#blocks.draw({ ...day, wanted: atLeast, used, known })
  }

  draw(day: SequenceDay, count: number): Promise<StoredDraw | null> {
    return this.#draws.draw({ ...day, wanted: count })
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
