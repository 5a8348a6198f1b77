import { readJson } from '../documents/json/read.ts'
import { DomainError } from '../errors.ts'
import type { ReplyStorePort, StoredReply } from './ports.ts'
import type { SequenceNumbers } from './service.ts'

/**
 * Draws that may be asked for again with the same Idempotency-Key. PostgreSQL remembers what was answered before the
 * answer is sent; while it is away such a draw is refused, because a retry could not get the same numbers.
 */
export class Replies {
  readonly #store: ReplyStorePort

  constructor(store: ReplyStorePort) {
    this.#store = store
  }

  /** What was answered to the key, or else what `draw` answers now. CONFLICT when it was used for another count. */
  async once(
    userId: string,
    key: string,
    count: number,
    draw: () => Promise<SequenceNumbers>,
  ): Promise<SequenceNumbers> {
    const known = await this.#store.find(userId, key)
    if (known !== undefined) return numbersIn(known, count)
    const reply: StoredReply = { wanted: count, reply: JSON.stringify(await draw()) }
    // Two retries at once: the first one's numbers count, the other's are burned.
    return numbersIn(await this.#store.remember(userId, key, reply), count)
  }
}

function numbersIn({ wanted, reply }: StoredReply, count: number): SequenceNumbers {
  if (wanted === count) return readJson(reply) as SequenceNumbers
  throw new DomainError('CONFLICT', `the Idempotency-Key was used for ${wanted} numbers before`)
}
