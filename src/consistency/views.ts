/** What is trusted: views, the Redis dataset that they speak of, and the database that holds them. Names are those of docs/consistency.md. */

/** Identity of a Redis dataset: the server process and its replication history. */
export interface DatasetIdentity {
  readonly runId: string
  readonly replicationId: string
}

/** V: one epoch of trust of one database in one Redis dataset. */
export interface ViewToken {
  readonly epoch: number
  /** The incarnation of the database, as in DatabaseState. */
  readonly database: string
  readonly identity: DatasetIdentity
}

/** The view row. `identity` is the dataset of the last ON. */
export interface View {
  readonly mode: 'ON' | 'OFF'
  readonly epoch: number
  readonly drained: boolean
  readonly identity: DatasetIdentity | null
  /** The database that turned it ON last: ON means nothing in another one (restored, promoted). */
  readonly database: string | null
  readonly reason: string
  /** The longest lease granted since it was turned ON, milliseconds: an instance that drains waits for it. */
  readonly leaseMs: number
}

/** A view that is OFF and has to be drained, by the id of its row. */
export interface UndrainedView extends Pick<View, 'epoch' | 'leaseMs'> {
  readonly view: number
}

/**
 * The views of the other layout on this database: of instances with a Redis Cluster, if this one has a single Redis, and the
 * other way round. `used` = one is ON, or leases of it may be alive; `recent` = it was so in the last ten seconds.
 */
export type OtherLayout = 'none' | 'recent' | 'used'

/** Identity and state of the database that a connection leads to, from one snapshot. */
export interface DatabaseState {
  /**
   * The id of its incarnation, `<root>-<number>-<random>`: transaction ids of another one are not comparable. '' = none has
   * begun yet.
   */
  readonly database: string
  /** Why a new incarnation has to begin: the server is not the one of the stored incarnation. Null = it is. */
  readonly moved: string | null
  /** No transaction with this id or a greater one has ended. */
  readonly nextXid: bigint
  /** A text that differs after each start and each crash of the server, and between several servers. */
  readonly server: string
}

/** The view with the state of the database from the same snapshot. */
export interface ViewSnapshot extends DatabaseState {
  readonly view: View
  /** Every transaction with a smaller id has ended. */
  readonly oldestXid: bigint
  /** An instance without Redis has left requests that no instance has taken (handover.ts). */
  readonly handoversWait: boolean
  readonly otherLayout: OtherLayout
}
