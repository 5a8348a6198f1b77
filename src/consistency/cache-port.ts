/** What the protocol needs of Redis; in the simulation it is memory. Names are those of docs/consistency.md. */
import type { DatasetIdentity, ViewToken } from './ports.ts'

/** A transaction id of one database, kept in Redis: older changes are fenced or stored there. */
export interface Marker {
  readonly database: string
  readonly xid: bigint
}

/** The server the connection speaks to, at this moment. */
export interface CacheIdentity {
  /** The connection that serves reads; another number after each reconnect and each change of its dataset. */
  readonly connection: number
  readonly identity: DatasetIdentity
  readonly role: 'master' | 'replica'
  /** The text of `gateway:view`, null when it is missing. */
  readonly view: string | null
  /** The gate of that view is at work in some instance. */
  readonly gateHeld: boolean
  /** Null when there is none. */
  readonly marker: Marker | null
}

/** One step of a sweep. */
export interface SweepStep {
  /** Where the next step goes on; null = the sweep has ended. */
  readonly next: string | null
}

export interface CacheReply {
  /** One per key: the stored bytes (value or fence), null when missing. */
  readonly values: readonly (Buffer | null)[]
  /** That of CacheIdentity while it led to the same dataset from the command to behind the reply; else another number. */
  readonly connection: number
}

export interface CacheHeads {
  /** The first HEAD_BYTES of each key, nothing for one that is missing, with a line feed between two keys. */
  readonly heads: Buffer
  readonly connection: number
}

/** Gets the heads, or (heads undefined) a CacheUnavailableError. */
export type OnHeads = (error: CacheUnavailableError | undefined, heads: CacheHeads | undefined) => void

/** A document as Redis holds it: all its keys (the whole first) with the bytes of each. */
export interface CacheEntry {
  readonly keys: readonly string[]
  readonly version: number
  readonly values: readonly Buffer[]
}

/** A row as a reader stores it. */
export interface CacheFill extends CacheEntry {
  /** The stamp of its user that the reader saw before it read the row. */
  readonly stamp: string
}

export interface CacheFence {
  readonly keys: readonly string[]
  readonly min: number
}

/**
 * `view`: gateway:view or the dataset is not that of V. What was done, if anything, was done to another dataset, and must not be
 * relied on.
 */
export type ScriptOutcome = 'done' | 'refused' | 'view'

/** Redis. Every method rejects with CacheUnavailableError on any failure; the breaker is behind it. */
export interface CachePort {
  /** False while the breaker is open: do not even ask. */
  readonly usable: boolean
  /** One MGET (or GET), one round trip. */
  read(keys: readonly string[]): Promise<CacheReply>
  /**
   * Of one moment as well, in one round trip; keys may not be empty. With `stampKey` the heads are the value of that key,
   * or nothing when one of `keys` is missing. Calls back once, at once or later: every read comes this way, and a promise
   * per layer costs more than Redis does.
   */
  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnHeads): void
  identify(): Promise<CacheIdentity>
  /** Each document on its own: `refused` when at least one was, the others are fenced all the same. */
  fence(v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome>
  /**
   * The put of the writer whose fences carry `nonce`: in the place of its own fence or an older value. `refused`: at least
   * one entry was not stored.
   */
  put(v: ViewToken, nonce: string, entries: readonly CacheEntry[]): Promise<ScriptOutcome>
  /** The stamps that the keys hold; those that are missing are made. */
  makeStamps(v: ViewToken, stampKeys: readonly string[]): Promise<readonly string[] | 'view'>
  /**
   * A reader's: in the place of an older value, and of nothing or a fence at <= version while the stamp is still the one
   * that was seen. `refused`: at least one was not stored.
   */
  fill(v: ViewToken, fills: readonly CacheFill[]): Promise<ScriptOutcome>
  unfence(v: ViewToken, nonce: string, entry: CacheEntry): Promise<ScriptOutcome>
  /**
   * The keys of documents that were deleted as version `min` go; late fences of versions up to `min` are refused from now on.
   * `refused`: at least one holds something newer, and keeps it, unless it is a fence with `nonce`.
   */
  erase(v: ViewToken, nonce: string, deleted: readonly CacheFence[]): Promise<ScriptOutcome>
  /** `view` also while gateways of another database have claimed the keys, as cold and hold. */
  adopt(v: ViewToken): Promise<ScriptOutcome>
  /** Like adopt; the marker is gone then, and all other keys of the gateway have to be swept before V counts. */
  cold(v: ViewToken): Promise<ScriptOutcome>
  /**
   * Removes some of the gateway's keys, and never another program's; `from` is null first, then what the step before
   * answered. Every key is met that was there all the time. 'view' = V does not stand there.
   */
  sweep(v: ViewToken, from: string | null): Promise<SweepStep | 'view'>
  /** `done` while V stands there, and no other database has claimed the keys. For `ttlMs` other instances see that a gate is at work; 0 = only looks. */
  hold(v: ViewToken, ttlMs: number): Promise<ScriptOutcome>
  /**
   * Says that gateways of this database use the keys, for a few seconds. Null = it was said; otherwise the name of another
   * database whose gateways said so lately.
   */
  claim(
    identity: DatasetIdentity,
    owner: { readonly database: string; readonly name: string },
  ): Promise<string | null>
  /** Of this dataset, and rejects when Redis holds another one; without one it is that of the dataset there is. */
  readMarker(identity?: DatasetIdentity): Promise<Marker | null>
  /** `done` = the nonce is in the dataset of V, behind every fence that was placed before. */
  proposeMarker(v: ViewToken, nonce: string): Promise<ScriptOutcome>
  /** `refused`: another nonce is there than the one that was proposed. */
  advanceMarker(v: ViewToken, nonce: string, marker: Marker): Promise<ScriptOutcome>
}

/** Redis did not do what was asked: down, hung, full, busy loading, or replying nonsense. */
export class CacheUnavailableError extends Error {
  override readonly name = 'CacheUnavailableError'
}
