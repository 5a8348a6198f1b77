import { CacheUnavailableError } from '../consistency/cache-port.ts'
import type { ViewToken } from '../consistency/views.ts'
import type { DrawingUser } from './service.ts'

/** Numbers `first` to `last`, both included. */
export interface NumberBlock {
  readonly first: number
  readonly last: number
}

/** What PostgreSQL gave, and which server gave it (DatabaseCheck.knows). */
export interface ReservedBlock extends NumberBlock {
  readonly server: string
}
export interface StoredDraw {
  readonly last: number
  readonly server: string
}

/** A user's day; `day` is YYYYMMDD. */
export interface SequenceDay {
  readonly userId: string
  readonly day: string
}

/**
 * No block has numbers left: `used N`, the open one ends with N and has too few; `block T W K`, none of this V is open, the
 * witness holds W (`-` = no number), and the last block that Redis knows of ended with K. A new block is opened in the place
 * of exactly this, so that it is opened once.
 */
export type Vacancy = `used ${number}` | `block ${number} ${number | '-'} ${number}`

/**
 * `settings`: the user's settings have another version than the day was chosen by. `stale`: another block was opened
 * meanwhile (of `last`: none is open). `view`: another V; nothing was done.
 */
export type DrawOutcome = number | 'settings' | 'stale' | 'view' | Vacancy

export function isVacancy(outcome: unknown): outcome is Vacancy {
  return typeof outcome === 'string' && /^(used|block \d+ (\d+|-)) \d+$/.test(outcome)
}

/** Counters in Redis. Every method rejects with CacheUnavailableError on any failure. */
export interface SequenceCachePort {
  readonly usable: boolean
  /** Resolves to the last number drawn. Sent once: a call that timed out may have drawn. `settingsVersion` 0 = any. */
  draw(v: ViewToken, day: SequenceDay, count: number, settingsVersion: number): Promise<DrawOutcome>
  /** Opens a reserved block in the place of what a draw met, and draws its first `count` numbers; the last of them. */
  open(v: ViewToken, day: SequenceDay, count: number, met: Vacancy, block: NumberBlock): Promise<DrawOutcome>
  /** The last number drawn from the open block. */
  last(v: ViewToken, day: SequenceDay): Promise<DrawOutcome>
  /** Removes the mirrors of a user's days. What counts stays: no number comes again. */
  forget(userId: string, days: readonly string[]): Promise<void>
  /** Notes, under any V, that numbers up to `last` were reserved or drawn for some user. */
  note(day: SequenceDay, last: number): Promise<void>
  /** What was noted: by day, the highest number of any user. */
  notes(): Promise<ReadonlyMap<string, number>>
}

/** High-water marks in PostgreSQL. Every method rejects with DatabaseUnavailableError when it is away. */
export interface SequenceStorePort {
  /**
   * `used`: the last number of the block that was used up, 0 = none was: it tells a busy user from a new V. `known`: the
   * last number of any block that Redis knows of: the new one begins above it even when the database was set back to
   * before that was reserved.
   */
  reserve(day: SequenceDay, atLeast: number, used: number, known: number): Promise<ReservedBlock>
  /** Draws above the high-water mark; null while the view is ON. */
  draw(day: SequenceDay, count: number): Promise<StoredDraw | null>
  /** No number above it was handed out; 0 when there is none. */
  highWater(day: SequenceDay): Promise<number>
}

const none = () => Promise.reject(new CacheUnavailableError('no Redis is configured'))

/** The SequenceCachePort of a gateway without Redis. */
export const NO_SEQUENCE_CACHE: SequenceCachePort = {
  usable: false,
  draw: none,
  open: none,
  last: none,
  forget: none,
  note: none,
  notes: none,
}

/** What was answered to an Idempotency-Key; `reply` is JSON text. */
export interface StoredReply {
  readonly wanted: number
  readonly reply: string
}

/** Answers to Idempotency-Keys in PostgreSQL. DatabaseUnavailableError as SequenceStorePort. */
export interface ReplyStorePort {
  /** Undefined when the key is unknown or forgotten. */
  find(userId: string, key: string): Promise<StoredReply | undefined>
  /** Remembers a reply unless another request did meanwhile; resolves to the one that is remembered. */
  remember(userId: string, key: string, reply: StoredReply): Promise<StoredReply>
}

/** `trading.timezone` as it is stored, of any JSON type, and the version of the settings. */
export interface StoredZone {
  readonly version: number
  readonly timeZone: unknown
}

/** Where the time zone of a user comes from. */
export interface ZonePort {
  /** A user not seen before is created from the defaults. */
  readZone(user: DrawingUser): Promise<StoredZone>
  /** The time zone in the defaults, as it is stored. */
  readDefaultZone(): Promise<unknown>
}

/** What happened, for metrics and logs. */
export interface SequenceObserverPort {
  /** Numbers handed out. */
  drawn(source: 'redis' | 'database', count: number): void
  /** A number above SEQUENCE_WARN_ABOVE was handed out. */
  numbersHigh(userId: string, day: string, last: number): void
  /** The stored time zone does not exist; `instead` is used. */
  zoneUnknown(userId: string, stored: unknown, instead: string): void
}
