import type { Pool } from 'pg'
import type { HandoverPort, HandoverReply, HandoverRequest } from '../consistency/handover.ts'
import { rejectUnavailable } from './database-errors.ts'
import { answerHandovers, insertHandovers, takeHandovers, takeReplies } from './statements/handovers.ts'

/**
 * The HandoverPort over PostgreSQL. It uses the connection of the lease renewals: a writer that asks holds one of the pool
 * already, and with all of them waiting for a second one none would go on.
 */
export class PostgresHandover implements HandoverPort {
  readonly #viewPool: Pool
  readonly #view: number

  /** `view`: the id of the view whose instances help one another. */
  constructor(viewPool: Pool, view = 0) {
    this.#viewPool = viewPool
    this.#view = view
  }

  ask(epoch: number, requests: readonly HandoverRequest[]): Promise<void> {
    return rejectUnavailable(() => insertHandovers(this.#viewPool, this.#view, epoch, requests))
  }

  replies(ids: readonly string[]): Promise<readonly HandoverReply[]> {
    return rejectUnavailable(() => takeReplies(this.#viewPool, ids))
  }

  take(epoch: number, limit: number): Promise<readonly HandoverRequest[]> {
    return rejectUnavailable(() => takeHandovers(this.#viewPool, this.#view, epoch, limit))
  }

  answer(replies: readonly HandoverReply[]): Promise<void> {
    return rejectUnavailable(() => answerHandovers(this.#viewPool, replies))
  }
}
