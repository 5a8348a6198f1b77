import { CacheUnavailableError } from '../consistency/cache-port.ts'
import type { ViewToken } from '../consistency/ports.ts'

/** Numbers `first` to `last`, both included. */
export interface NumberBlock {
  readonly first: number
  readonly last: number
}

/** A user's day; `day` is YYYYMMDD. */
export interface SequenceDay {
  readonly userId: string
  readonly day: string
}

/**
 * `settings`: the user's settings have another version than the day was chosen by. `block`: no block of this V is open
 * (or, when opening one, a later block is). `used N`: too little is left of the open block, whose last number is N.
 * `view`: another V; nothing was done.
 */
export type DrawOutcome = number | 'settings' | 'block' | UsedBlock | 'view'
export type UsedBlock = `used ${number}`

/** Counters in Redis. Every method rejects with CacheUnavailableError on any failure. */
export interface SequenceCachePort {
  readonly usable: boolean
  /** Resolves to the last number drawn. Sent once: a call that timed out may have drawn. `settingsVersion` 0 = any. */
  draw(v: ViewToken, day: SequenceDay, count: number, settingsVersion: number): Promise<DrawOutcome>
  /** Opens a reserved block and draws its first `count` numbers; resolves to the last of them. */
  open(v: ViewToken, day: SequenceDay, count: number, block: NumberBlock): Promise<DrawOutcome>
  /** The last number drawn from the open block. */
  last(v: ViewToken, day: SequenceDay): Promise<DrawOutcome>
}

/** High-water marks in PostgreSQL. Every method rejects with DatabaseUnavailableError when it is away. */
export interface SequenceStorePort {
  /** `used`: the last number of the block that was used up, which tells a busy user from a new V; 0 = none was. */
  reserve(day: SequenceDay, atLeast: number, used: number): Promise<NumberBlock>
  /** Resolves to the last number drawn above the high-water mark; null while the view is ON. */
  draw(day: SequenceDay, count: number): Promise<number | null>
  /** No number above it was handed out; 0 when there is none. */
  highWater(day: SequenceDay): Promise<number>
}

const none = () => Promise.reject(new CacheUnavailableError('no Redis is configured'))

/** The SequenceCachePort of a gateway without Redis. */
export const NO_SEQUENCE_CACHE: SequenceCachePort = { usable: false, draw: none, open: none, last: none }
