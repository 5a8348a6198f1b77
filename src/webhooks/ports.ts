/** A change of a document that was told, or the moment before the first one. Its fields are those of the index. */
export interface Position {
  readonly incarnation: number
  readonly xid: bigint
  readonly userId: string
  readonly document: string
}

/** The newest state of a document that changed. */
export interface ChangeToTell extends Position {
  readonly version: number
  readonly deleted: boolean
  /** RFC 3339, UTC. */
  readonly at: string
  readonly by: string
  /** Reason of the history; null for a deletion, and when the version is no longer kept. */
  readonly reason: string | null
  readonly ageMs: number
}

/** The end of a scheduled or bulk change. */
export interface EndToTell {
  readonly id: bigint
  readonly type: string
  readonly at: string
  /** JSON text. */
  readonly data: string
  readonly ageMs: number
}

/** What PostgreSQL keeps of what is told. Rejects with DatabaseUnavailableError. */
export interface WebhookStorePort {
  /** The position, for `leaseMs`; undefined = another instance has it. */
  claim(holder: string, leaseMs: number): Promise<Position | undefined>
  /** Notes what was told and keeps the claim for `leaseMs`. False = another instance has it now. */
  note(holder: string, leaseMs: number, position: Position, ends: readonly bigint[]): Promise<boolean>
  /** Changes behind `position`, in order, of transactions before which none is under way. */
  changes(position: Position, limit: number): Promise<readonly ChangeToTell[]>
  /** Ends that were not told, the oldest first. */
  ends(limit: number): Promise<readonly EndToTell[]>
}

/** One event, as it is sent each time. */
export interface Message {
  /** The same each time the event is sent, by whichever instance. */
  readonly id: string
  readonly type: string
  /** JSON text. */
  readonly body: string
}

/** `taken`: 2xx. `refused`: the receiver does not want this one. `failed`: it may take it later. */
export type Answer = 'taken' | 'refused' | 'failed'

/** The receiver at WEBHOOK_URL. */
export interface ReceiverPort {
  /** Sends once. Never rejects; `detail`, without secrets, says what failed. */
  send(message: Message, signal: AbortSignal): Promise<{ readonly answer: Answer; readonly detail: string }>
}

/** Why an event was given up. */
export type DropCause = 'too-old' | 'refused' | 'too-many'

export interface WebhookObserverPort {
  /** One try. */
  tried(type: string, answer: Answer, detail: string): void
  dropped(type: string, cause: DropCause): void
  /** Age of the oldest event that is not told yet, as far as this instance tells; 0 = none. */
  oldest(ageMs: number): void
  /** The database could not be asked; it is tried again. */
  failed(error: unknown): void
}
