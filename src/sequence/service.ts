/** Who draws: `caller` is for the history when the user is created on the way. */
export interface DrawingUser {
  readonly userId: string
  readonly caller: string
  /** A user who does not exist is not created. */
  readonly isLooking?: boolean
}

export interface SequenceNumbers {
  readonly user_id: string
  /** The user's day, YYYYMMDD. */
  readonly date: string
  /** The same as `last`. */
  readonly sequence: number
  readonly first: number
  readonly last: number
  readonly source: 'redis' | 'database'
  /** What an operator should look at; absent when there is nothing. */
  readonly warnings?: readonly string[]
}

export interface LastNumber {
  readonly user_id: string
  readonly date: string
  readonly sequence: number
}

/** Order numbers, unique per user and day. */
export interface SequenceService {
  /**
   * Draws `count` numbers (1 to 1000). With an idempotency key, a retry within 10 minutes gets the same ones;
   * CONFLICT when it asks for another count. DatabaseUnavailableError, at once while the outage is known, when PostgreSQL
   * cannot remember the key, or when neither Redis nor PostgreSQL can count.
   */
  draw(user: DrawingUser, count: number, idempotencyKey?: string): Promise<SequenceNumbers>
  /** The last number handed out today, 0 if none; after Redis lost its count, a mark that none is above. */
  last(user: DrawingUser): Promise<LastNumber>
}
