/** A user as the list of users has it. Times are RFC 3339, UTC. */
export interface ListedUser {
  readonly user_id: string
  readonly created_at: string
  readonly updated_at: string
  /** How many documents the user has. */
  readonly documents: number
}

export type Operator = '=' | '!=' | '>' | '<' | '>=' | '<='

/** A condition on one field of one document, such as `mode.scalp:size.leverage>10`. */
export interface FieldCondition {
  readonly kind: string
  /** Names on the way to the field. */
  readonly path: readonly string[]
  readonly operator: Operator
  /** A JSON scalar. */
  readonly value: string | number | boolean | null
}

export interface UserQuery {
  /** Beginning of the user id; '' = any. */
  readonly prefix: string
  readonly where: readonly FieldCondition[]
  /** Only users behind this id, in the order of the ids. */
  readonly after: string
  /** The most users of the answer. */
  readonly limit: number
  /** The most users to look at, where no index names them. */
  readonly looks: number
}

/** `last`: the last one looked at; null = there are no more. */
export interface FoundUsers {
  readonly users: readonly ListedUser[]
  readonly last: string | null
}

/** A user with the rows as they are stored. */
export interface StoredUser {
  readonly userId: string
  /** JSON text by kind; documents that do not exist are absent. */
  readonly documents: ReadonlyMap<string, string>
  /** The high-water mark of each day, YYYYMMDD. */
  readonly sequence: ReadonlyMap<string, number>
}

/** Which users are read at once. */
export interface UserBatch {
  /** Only users behind this id, in the order of the ids. */
  readonly after: string
  /** The most users of the batch. */
  readonly users: number
  /** The batch ends with the user whose documents make it this large, bytes. */
  readonly bytes: number
  /** Only this user; undefined = all. */
  readonly only: string | undefined
}

/** All users, in the order of their ids. Every method rejects with DatabaseUnavailableError when the server is away. */
export interface UserStorePort {
  list(query: UserQuery): Promise<FoundUsers>
  /** Users with their documents, each user's of one moment; none behind the last one. */
  read(batch: UserBatch): Promise<readonly StoredUser[]>
}
