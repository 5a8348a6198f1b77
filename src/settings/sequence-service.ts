import type { Actor } from './service.ts'

export interface SequenceNumbers {
  readonly user_id: string
  /** The user's day, YYYYMMDD. */
  readonly date: string
  /** The same as `last`. */
  readonly sequence: number
  readonly first: number
  readonly last: number
  readonly source: 'redis' | 'database'
}

/** Order numbers, unique per user and day. */
export interface SequenceService {
  /**
   * Draws `count` numbers (1 to 1000). With an idempotency key, a retry within 10 minutes gets the same ones;
   * CONFLICT when it asks for another count.
   */
  draw(actor: Actor, count: number, idempotencyKey?: string): Promise<SequenceNumbers>
  /** The last number handed out today, 0 if none. */
  last(actor: Actor): Promise<{ user_id: string; date: string; sequence: number }>
}
