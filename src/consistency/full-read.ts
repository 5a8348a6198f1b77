import type { CachePort } from './cache-port.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { DatabaseRead, StampedReply } from './database-read.ts'
import type { DegradedRead } from './degraded-read.ts'
import type { DocumentRef } from './document-rows.ts'
import type { Lease } from './lease.ts'
import type { NearCache } from './near-cache.ts'
import type { HeldDocument } from './near-entry.ts'
import type { ClockPort, CodecPort } from './ports.ts'
import type { ReadResult } from './read-outcome.ts'
import { type DocumentPart, keepRows, type PendingRead, resultOf } from './reading.ts'
import { DatabaseUnavailableError } from './store-port.ts'
import { headOf, headsOf, isStamp, isValue, versionOf } from './stored-bytes.ts'
import { databaseOf } from './token.ts'

/** The reply of Redis while the database is unreachable. */
interface OutageReply {
  readonly values: readonly (Buffer | null)[]
  /** A user was deleted recently, and may exist again. */
  readonly isDeleted: boolean
}

/** Tries of Redis before a read fails because the database is unreachable: trading must go on. */
const OUTAGE_TRIES = 3

export interface FullReadDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly lease: Lease
  readonly near: NearCache
  readonly clock: Pick<ClockPort, 'now'>
  readonly database: DatabaseRead
  readonly degraded: DegradedRead
  readonly check: DatabaseCheck
  /** ON_DATABASE_OUTAGE=serve: cached documents are answered, marked unverified, while the database is unreachable. */
  readonly serveUnverified: boolean
}

/** The read of docs/consistency.md: whole values from Redis, or from the database. Keeps the answer in the near cache. */
export class FullRead {
  readonly #deps: FullReadDeps

  constructor(deps: FullReadDeps) {
    this.#deps = deps
  }

  /** One GET or MGET, and the database behind it. Throws DatabaseUnavailableError when neither Redis nor the database can answer. */
  async fromCache(reading: PendingRead): Promise<ReadResult> {
    const { id, keys, begun, around } = reading
    // Without a lease no reply of Redis could be used.
    const reply = begun === undefined ? undefined : await this.#ask(reading)
    if (
      begun === undefined ||
      reply === undefined ||
      !this.#deps.lease.covers(begun, reply.connection) ||
      !reply.values.every(isValue)
    ) {
      return this.fromDatabase(reading, reply)
    }
    const result = resultOf('hit', reply.values, around)
    this.#deps.near.keep(id, {
      ...this.#headOf(reply),
      keys,
      v: begun.v,
      database: begun.v.database,
      versions: result.versions,
      values: result.values as readonly Buffer[],
      spans: result.spans,
      confirmedAt: begun.askedAt,
    })
    return result
  }

  /** The head to confirm later: for several documents of one user their stamp, read at the same moment. See NearCache. */
  #headOf({ values, stamps, users }: StampedReply): { stampKey: string | undefined; heads: Buffer } {
    const [userId] = stamps.keys()
    if (values.length === 1 || users > 1 || userId === undefined)
      return { stampKey: undefined, heads: headsOf(values as readonly Buffer[]) }
    return { stampKey: this.#deps.codec.stampKey(userId), heads: Buffer.from(stamps.get(userId)!, 'latin1') }
  }

  /** What follows without a hit. `reply` is the reply of Redis, if there is one. Throws as fromCache does. */
  async fromDatabase(reading: PendingRead, reply: StampedReply | undefined): Promise<ReadResult> {
    const { wanted, begun, around } = reading
    const { database, degraded, near, clock } = this.#deps
    try {
      if (begun === undefined || reply === undefined) return await degraded.read(reading)
      const at = clock.now()
      const answer = await database.read(wanted, begun.v, reply)
      const result = resultOf(answer.status, answer.values, around)
      keepRows(near, reading, result, answer.database, at)
      return result
    } catch (error) {
      return this.onOutage(reading, error)
    }
  }

  /**
   * Makes Redis hold all keys of a document as its row has them: the fill of a read, for keys that no read asks for. Best effort: does
   * nothing without a lease, and never rejects.
   */
  async refill(ref: DocumentRef): Promise<void> {
    const { codec, lease, database } = this.#deps
    const keys = codec.keys(ref)
    const wanted = keys.map((_, part) => ({ ref, part }))
    const begun = lease.current()
    const reply = begun && (await this.#ask({ keys, wanted }))
    if (begun === undefined || reply === undefined || !lease.covers(begun, reply.connection)) return
    // The pool counts and logs a database that fails; what the caller did is done.
    await database.read(wanted, begun.v, reply).catch(() => {})
  }

  /** The answer of a read that the database has failed with `error`. Rejects with that error when there is none. */
  async onOutage(reading: PendingRead, error: unknown): Promise<ReadResult> {
    if (!this.#deps.serveUnverified || !(error instanceof DatabaseUnavailableError)) throw error
    const unverified = await this.#readUnverified(reading)
    if (unverified === undefined) throw error
    return unverified
  }

  /**
   * Reads the newest of what Redis and this process hold, while the database cannot confirm it. Several documents come from
   * one of the two, because only a reply of Redis and an entry of the near cache are each of one moment.
   */
  async #readUnverified(reading: PendingRead): Promise<ReadResult | undefined> {
    // Replies may have been late only because this process was busy: try again now.
    let reply: OutageReply | undefined
    for (let tries = 0; reply === undefined && tries < OUTAGE_TRIES; tries++)
      reply = await this.#askOurs(reading)
    // A user was deleted, and may exist again: bytes from before that are not answered even as unverified.
    const held = reply?.isDeleted ? [] : (this.#deps.near.ofOneMoment(reading.id, reading.keys) ?? [])
    const stored = reply?.values ?? []
    const isNewest = reading.keys.every((_, index) => isNotOlder(held[index], stored[index] ?? null))
    const values = isNewest ? held.map(each => each.bytes) : stored
    if (values.length !== reading.keys.length || !values.every(isValue)) return undefined
    return resultOf('unverified', values, reading.around)
  }

  /** Asks Redis without a lease. Answers no values when another database has stored in Redis meanwhile. */
  async #askOurs({ keys, wanted }: PendingRead): Promise<OutageReply | undefined> {
    const { cache, codec, check } = this.#deps
    if (!cache.usable) return undefined
    try {
      const tombstones = usersOf(wanted).map(userId => codec.tombstoneKey(userId))
      const { values } = await cache.read([...keys, codec.viewKey, ...tombstones])
      const database = databaseOf(String(values[keys.length]))
      const isOther = check.database !== undefined && database !== undefined && database !== check.database
      if (isOther) return { values: [], isDeleted: false }
      return {
        values: values.slice(0, keys.length),
        isDeleted: values.slice(keys.length + 1).some(tombstone => tombstone !== null),
      }
    } catch {
      return undefined
    }
  }

  async #ask({ wanted, keys }: Pick<PendingRead, 'wanted' | 'keys'>): Promise<StampedReply | undefined> {
    const { cache, codec } = this.#deps
    if (!cache.usable) return undefined
    const users = usersOf(wanted)
    try {
      const { values, connection } = await cache.read([
        ...keys,
        ...users.map(userId => codec.stampKey(userId)),
      ])
      const stamps = new Map<string, string>()
      users.forEach((userId, at) => {
        const stamp = values[keys.length + at]
        if (isStamp(stamp)) stamps.set(userId, stamp.toString('latin1'))
      })
      return { connection, values: values.slice(0, keys.length), stamps, users: users.length }
    } catch {
      // The cache has counted and logged it; no read fails because of Redis.
      return undefined
    }
  }
}

function usersOf(wanted: readonly DocumentPart[]): readonly string[] {
  return [...new Set(wanted.map(({ ref }) => ref.userId))]
}

/**
 * True when the copy that this process holds is as new as the one in Redis. The write of a fence may have been acknowledged:
 * older bytes are not answered even as unverified.
 */
function isNotOlder(held: HeldDocument | undefined, stored: Buffer | null): boolean {
  if (held === undefined) return false
  const head = stored === null ? undefined : headOf(stored)
  return held.version >= (head?.type === 'fence' ? head.min : isValue(stored) ? versionOf(stored) : 0)
}
