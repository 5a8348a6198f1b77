import type { CachePort } from './cache-port.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { DatabaseRead, StampedReply, Wanted } from './database-read.ts'
import type { Grant, Lease } from './lease.ts'
import type { NearCache } from './near-cache.ts'
import type { CodecPort } from './ports.ts'
import { DatabaseUnavailableError } from './ports.ts'
import type { ReadResult, ReadStatus } from './read-outcome.ts'
import { headOf, headsOf, isStamp, isValue, versionOf } from './stored-bytes.ts'
import { databaseOf } from './token.ts'

/** The documents of a read; a function where they need not be listed when the near cache knows the read. */
export type WantedOf = readonly Wanted[] | (() => readonly Wanted[])

/** Makes one body of all values. Pure: the body is kept as long as the versions stand. */
export type Join = (values: readonly Buffer[]) => Buffer

/** One read on its way. */
export interface Reading {
  /** Names it in the near cache. */
  readonly id: string
  readonly wanted: WantedOf
  readonly keys: readonly string[]
  readonly begun: Grant | undefined
  readonly join: Join | undefined
}

/** What Redis says while the database is away. */
interface OutageReply {
  readonly values: readonly (Buffer | null)[]
  /** A user was deleted lately, and may be there again. */
  readonly isDeleted: boolean
}

/** Questions to Redis before a read fails because the database is away: trading must go on. */
const OUTAGE_TRIES = 3

export interface FullReadDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly lease: Lease
  readonly near: NearCache
  readonly database: DatabaseRead
  readonly check: DatabaseCheck
  /** ON_DATABASE_OUTAGE=serve: cached documents are answered, marked unverified, while the database is away. */
  readonly serveUnverified: boolean
}

/** The read of docs/consistency.md: whole values out of Redis, or from the database. What was a hit is kept near. */
export class FullRead {
  readonly #deps: FullReadDeps

  constructor(deps: FullReadDeps) {
    this.#deps = deps
  }

  /** Step 1: one GET or MGET. Throws DatabaseUnavailableError when neither Redis nor the database can answer. */
  async fromCache(reading: Reading): Promise<ReadResult> {
    const { id, keys, begun, join } = reading
    const reply = await this.#ask(reading)
    if (
      begun === undefined ||
      reply === undefined ||
      !this.#deps.lease.covers(begun, reply.connection) ||
      !reply.values.every(isValue)
    ) {
      return this.fromDatabase(reading, reply)
    }
    const versions = reply.values.map(versionOf)
    const values = join === undefined ? reply.values : [join(reply.values)]
    this.#deps.near.keep(id, begun.v, { keys, ...this.#headOf(reply), versions, values })
    return { status: 'hit', versions, values }
  }

  /** What has to be confirmed of several documents of one user is the stamp of the same moment: see NearCache. */
  #headOf({ values, stamps, users }: StampedReply): { stampKey: string | undefined; heads: Buffer } {
    const [userId] = stamps.keys()
    if (values.length === 1 || users > 1 || userId === undefined)
      return { stampKey: undefined, heads: headsOf(values as readonly Buffer[]) }
    return { stampKey: this.#deps.codec.stampKey(userId), heads: Buffer.from(stamps.get(userId)!, 'latin1') }
  }

  /** The steps after it. `reply` is what Redis said, if it was asked and answered. Throws as fromCache does. */
  async fromDatabase(reading: Reading, reply: StampedReply | undefined): Promise<ReadResult> {
    const { wanted, begun, join } = reading
    try {
      const { status, values } = await this.#deps.database.read(listed(wanted), begun?.v, reply)
      return joined(status, values, join)
    } catch (error) {
      if (!this.#deps.serveUnverified || !(error instanceof DatabaseUnavailableError)) throw error
      const unverified = await this.#unverified(reading)
      if (unverified === undefined) throw error
      return unverified
    }
  }

  /** What Redis holds, or else this process, while the database cannot say whether it still stands. */
  async #unverified(reading: Reading): Promise<ReadResult | undefined> {
    // Replies may only have been late, because this process was busy: now they are worth another try.
    let reply: OutageReply | undefined
    for (let tries = 0; reply === undefined && tries < OUTAGE_TRIES; tries++)
      reply = await this.#askOurs(reading)
    if (reply?.values.every(isValue)) return joined('unverified', reply.values, reading.join)
    // A write may have been acknowledged behind a fence, or a user deleted: what is older than that is not even unverified.
    if (reply?.isDeleted || reply?.values.some(isFence)) return undefined
    const held = this.#deps.near.last(reading.id)
    return held && { status: 'unverified', versions: held.versions, values: held.values }
  }

  /** Without a lease: nothing when Redis holds what another database has stored meanwhile. */
  async #askOurs({ keys, wanted }: Reading): Promise<OutageReply | undefined> {
    const { cache, codec, check } = this.#deps
    if (!cache.usable) return undefined
    try {
      const tombstones = usersOf(wanted).map(userId => codec.tombstoneKey(userId))
      const { values } = await cache.read([...keys, codec.viewKey, ...tombstones])
      const database = databaseOf(String(values[keys.length]))
      const isOther = check.database !== undefined && database !== undefined && database !== check.database
      if (isOther) return { values: [null], isDeleted: false }
      return {
        values: values.slice(0, keys.length),
        isDeleted: values.slice(keys.length + 1).some(tombstone => tombstone !== null),
      }
    } catch {
      return undefined
    }
  }

  async #ask({ wanted, keys }: Reading): Promise<StampedReply | undefined> {
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

function usersOf(wanted: WantedOf): readonly string[] {
  return [...new Set(listed(wanted).map(({ ref }) => ref.userId))]
}

function isFence(bytes: Buffer | null): boolean {
  return bytes !== null && headOf(bytes).type === 'fence'
}

export function listed(wanted: WantedOf): readonly Wanted[] {
  return typeof wanted === 'function' ? wanted() : wanted
}

function joined(status: ReadStatus, values: readonly (Buffer | null)[], join: Join | undefined): ReadResult {
  const versions = values.map(value => (value === null ? 0 : versionOf(value)))
  if (join === undefined || values.includes(null)) return { status, versions, values }
  return { status, versions, values: [join(values as readonly Buffer[])] }
}
