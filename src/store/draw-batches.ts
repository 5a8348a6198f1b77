import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import type { SequenceDay } from '../sequence/ports.ts'

/** Transactions at once that may draw for several users: while one waits for PostgreSQL, another is on its way. */
const SLOTS = 2
/** Draws of one transaction: more saves little, and each waits for all. */
const MAX_DRAWS = 64
/** Draws that may wait: more are not done in the time that a caller has. */
const MAX_WAITING = 10_000

export interface DrawBatchesDeps<Request, Answer> {
  /** One transaction that waits for no row; undefined for those whose row another one holds. Rejects for all. */
  readonly together: (requests: readonly Request[]) => Promise<readonly (Answer | undefined)[]>
  /** Waits for the row. */
  readonly alone: (request: Request) => Promise<Answer>
}

interface WaitingDraw<Request, Answer> {
  readonly request: Request
  readonly resolve: (answer: Answer | Promise<Answer>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers draws of order numbers into transactions: while all slots are in use, new draws wait and then share a transaction. A draw
 * that arrives at a free slot begins at once. One whose row another transaction holds waits for it alone, and uses no slot.
 */
export class DrawBatches<Request extends SequenceDay, Answer> {
  readonly #deps: DrawBatchesDeps<Request, Answer>
  #waiting: WaitingDraw<Request, Answer>[] = []
  #running = 0

  constructor(deps: DrawBatchesDeps<Request, Answer>) {
    this.#deps = deps
  }

  /** DatabaseUnavailableError also when too many wait. */
  draw(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const draw = { request, resolve, reject }
      if (this.#running < SLOTS) void this.#start([draw])
      else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(draw)
      else reject(new DatabaseUnavailableError(`${MAX_WAITING} draws of order numbers are waiting`))
    })
  }

  async #start(draws: readonly WaitingDraw<Request, Answer>[]): Promise<void> {
    this.#running++
    await this.#together(draws.toSorted(byUserAndDay))
    this.#running--
    if (this.#waiting.length > 0) void this.#start(this.#waiting.splice(0, MAX_DRAWS))
  }

  async #together(draws: readonly WaitingDraw<Request, Answer>[]): Promise<void> {
    try {
      const answers = await this.#deps.together(draws.map(({ request }) => request))
      for (const [index, draw] of draws.entries()) {
        const answer = answers[index]
        draw.resolve(answer === undefined ? this.#deps.alone(draw.request) : answer)
      }
    } catch (error) {
      // One of several may be at fault. Numbers that the transaction has drawn all the same are burned.
      const isOfAll = error instanceof DatabaseUnavailableError || draws.length === 1
      for (const draw of draws) isOfAll ? draw.reject(error) : draw.resolve(this.#deps.alone(draw.request))
    }
  }
}

/** The same order in every instance: two transactions that insert the same rows never wait for one another. */
function byUserAndDay(
  { request: a }: { request: SequenceDay },
  { request: b }: { request: SequenceDay },
): number {
  return a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : a.day < b.day ? -1 : a.day > b.day ? 1 : 0
}
