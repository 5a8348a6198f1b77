/** The port to Redis; the simulation implements it in memory. Names are those of docs/consistency.md. */
import type { DatasetIdentity, ViewToken } from './views.ts'

/**
 * A transaction id of one database. In Redis: older changes are fenced or stored there. In a process: the transaction that would
 * have begun next when it last saw the database.
 */
export interface Marker {
  readonly database: string
  readonly xid: bigint
}

/** The server the connection speaks to, at this moment. */
export interface CacheIdentity {
  /** The connection that serves reads; its number changes with each reconnect and each change of its dataset. */
  readonly connection: number
  readonly identity: DatasetIdentity
  readonly role: 'master' | 'replica'
  /** The text of `gateway:view`, null when it is missing. */
  readonly view: string | null
  /** True while an instance runs the gate of that view. */
  readonly gateHeld: boolean
  /** Null when there is none. */
  readonly marker: Marker | null
}

/** Gateways that claim keys in Redis: of one incarnation of a database, with its name for people. */
export interface Claimant {
  readonly database: string
  readonly name: string
}

/** Whose gateways use the keys in Redis: the name of another database, or nobody while no claim stands. */
export type RedisOwner = 'this-database' | 'nobody' | { readonly another: string }

/** `standing`: only makes a claim longer that stands. */
export type ClaimKind = 'anew' | 'standing'

/** One step of a sweep. */
export interface SweepStep {
  /** Where the next step continues; null = the sweep has ended. */
  readonly next: string | null
}

export interface CacheReply {
  /** One per key: the stored bytes (value or fence), null when missing. */
  readonly values: readonly (Buffer | null)[]
  /** The number in CacheIdentity if the connection led to the same dataset from the command until after the reply; else another. */
  readonly connection: number
}

export interface CacheHeads {
  /** The first HEAD_BYTES of each key, nothing for a missing one, separated by line feeds. */
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
 * `view`: gateway:view or the dataset is not that of V. If the script did anything, it did so in another dataset, and the caller
 * must not rely on it.
 */
export type ScriptOutcome = 'done' | 'refused' | 'view'

/** Redis. Every method rejects with CacheUnavailableError on any failure; the breaker is behind it. */
export interface CachePort {
  /** False while the breaker is open: do not even ask. */
  readonly usable: boolean
  /** One MGET (or GET), one round trip. */
  read(keys: readonly string[]): Promise<CacheReply>
  /**
   * The heads of keys, all as of one moment, in one round trip; keys may not be empty. With `stampKey` the heads are the value
   * of that key, or nothing when one of `keys` is missing. Calls back once, synchronously or later: every read takes this path,
   * and a promise per layer costs more than Redis does.
   */
  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnHeads): void
  /** KeysElsewhereError when the node of a cluster that was asked does not hold all keys. */
  identify(): Promise<CacheIdentity>
  /** Fences each document independently: `refused` when at least one was refused; the others are fenced all the same. */
  fence(v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome>
  /**
   * The put of the writer whose fences carry `nonce`: replaces its own fence or an older value. `refused`: at least one entry
   * was not stored.
   */
  put(v: ViewToken, nonce: string, entries: readonly CacheEntry[]): Promise<ScriptOutcome>
  /** The stamps in the keys; makes the missing ones. */
  makeStamps(v: ViewToken, stampKeys: readonly string[]): Promise<readonly string[] | 'view'>
  /**
   * The fill of a reader: replaces an older value, and a missing value or a fence at <= version while the stamp is still the
   * one that was seen. `refused`: at least one was not stored.
   */
  fill(v: ViewToken, fills: readonly CacheFill[]): Promise<ScriptOutcome>
  unfence(v: ViewToken, nonce: string, entry: CacheEntry): Promise<ScriptOutcome>
  /**
   * Removes the keys of documents that were deleted as version `min`; late fences of versions up to `min` are refused from now
   * on. `refused`: at least one key keeps something newer, other than a fence with `nonce`.
   */
  erase(v: ViewToken, nonce: string, deleted: readonly CacheFence[]): Promise<ScriptOutcome>
  /** `view` also while gateways of another database hold the claim; the same for cold and hold. */
  adopt(v: ViewToken): Promise<ScriptOutcome>
  /**
   * Like adopt; also claims the keys for the database of V, whose name is given, and removes the marker. All other keys of the
   * gateway have to be swept before V counts.
   */
  cold(v: ViewToken, databaseName: string): Promise<ScriptOutcome>
  /**
   * Removes some of the gateway's keys, and never keys of another program; `from` is null first, then the answer of the
   * previous step. The sweep finds every key that existed all the time. 'view' = Redis does not hold V.
   */
  sweep(v: ViewToken, from: string | null): Promise<SweepStep | 'view'>
  /** `done` while Redis holds V and no other database holds the claim. Shows other instances for `ttlMs` that a gate is at work; 0 = only checks. */
  hold(v: ViewToken, ttlMs: number): Promise<ScriptOutcome>
  /** Claims the keys for a few seconds, unless gateways of another database hold the claim. */
  claim(identity: DatasetIdentity, claimant: Claimant, kind: ClaimKind): Promise<RedisOwner>
  /** The marker in this dataset; rejects when Redis is another dataset. Without `identity`: the marker of the present dataset. */
  readMarker(identity?: DatasetIdentity): Promise<Marker | null>
  /** `done` = the nonce is in the dataset of V, and was written after every fence that was placed before. */
  proposeMarker(v: ViewToken, nonce: string): Promise<ScriptOutcome>
  /** `refused`: Redis holds another nonce than the proposed one. */
  advanceMarker(v: ViewToken, nonce: string, marker: Marker): Promise<ScriptOutcome>
}

/** Redis did not carry out a command: it is down, hung, full, loading, or replies nonsense. */
export class CacheUnavailableError extends Error {
  override readonly name = 'CacheUnavailableError'
}

/** Not all keys of a partition are on the node that was asked: their slot is another node's, or on its way. */
export class KeysElsewhereError extends CacheUnavailableError {
  /** The dataset of the node that said so. */
  readonly identity: DatasetIdentity

  constructor(message: string, identity: DatasetIdentity) {
    super(message)
    this.identity = identity
  }
}
