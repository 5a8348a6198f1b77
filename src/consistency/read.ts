import type { CachePort, CacheReply } from './cache-port.ts'
import type { DatabaseRead, Wanted } from './database-read.ts'
import type { Grant, Lease } from './lease.ts'
import type { NearCache, NearEntry } from './near-cache.ts'
import type { CodecPort } from './ports.ts'
import { DatabaseUnavailableError } from './ports.ts'
import { headOf, headsOf, isStamp, isValue, versionsIn } from './stored-bytes.ts'
import { isKnown, type KnownVersions, type Versions } from './versions.ts'

export type ReadStatus = 'hit' | 'miss-stored' | 'miss' | 'degraded' | 'unverified'

export interface ReadResult {
  readonly status: ReadStatus
  /** In the order asked for; 0 = the document does not exist. */
  readonly versions: Versions
  /**
   * In the order asked for, null = the document does not exist; with `join`, and all documents there, the one body.
   * Undefined when the caller knows `versions`.
   */
  readonly values: readonly (Buffer | null)[] | undefined
}

export interface ReadOptions {
  /** Names the read in the near cache; by default its keys do. */
  readonly id?: string
  /** Makes one body of all values. Pure: the body is kept as long as the versions stand. */
  readonly join?: (values: readonly Buffer[]) => Buffer
  /** What the caller holds already need not be sent. */
  readonly known?: KnownVersions | undefined
  /** What `confirm` brought for this very read, just now: Redis is not asked for the heads again. */
  readonly asked?: Unconfirmed | undefined
}

/** Why the near cache has no answer: another version in Redis (or no lease any more), or no reply from Redis. */
export type Unconfirmed = 'stale' | 'failed'

/** Is told the answer, or why the read must be made in full; once. Must not throw. */
export type OnConfirmed = (outcome: ReadResult | Unconfirmed) => void

export interface ReadDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly lease: Lease
  readonly near: NearCache
  readonly database: DatabaseRead
  /** ON_DATABASE_OUTAGE=serve: cached documents are answered, marked unverified, while the database is away. */
  readonly serveUnverified: boolean
}

/** The documents of a read; a function where they need not be listed when the near cache knows the read. */
export type WantedOf = readonly Wanted[] | (() => readonly Wanted[])

/** One read on its way. */
interface Reading {
  readonly id: string
  readonly wanted: WantedOf
  readonly keys: readonly string[]
  readonly begun: Grant | undefined
  readonly options: ReadOptions
}

/** With the stamp of the moment, if there is one and all documents are one user's: see NearCache. */
interface StampedReply extends CacheReply {
  readonly stampKey: string | undefined
  readonly stamp: Buffer | undefined
}

/** Whether this is what the keys hold, or what the caller knows. */
interface Question {
  readonly keys: readonly string[]
  readonly begun: Grant
  readonly held: NearEntry | undefined
  readonly known: KnownVersions | undefined
}

/** The read of consistency.md, with the near cache in front of its first step. */
export class Reader {
  readonly #deps: ReadDeps

  constructor(deps: ReadDeps) {
    this.#deps = deps
  }

  /**
   * Asks Redis, in one round trip, whether what the near cache holds under `id` is still right. By callback, and no
   * promise is made: this is how nearly all reads are answered. False = nothing is held or no lease; nothing was asked.
   */
  confirm(id: string, known: KnownVersions | undefined, onConfirmed: OnConfirmed): boolean {
    const { lease, cache, near } = this.#deps
    const begun = lease.current()
    const held = begun === undefined || !cache.usable ? undefined : near.find(id, begun.v)
    if (held === undefined) return false
    this.#askHeads({ keys: held.keys, begun: begun!, held, known }, onConfirmed)
    return true
  }

  /** Throws DatabaseUnavailableError when neither Redis nor the database can answer. */
  async read(wanted: WantedOf, options: ReadOptions = {}): Promise<ReadResult> {
    const { lease, cache, near } = this.#deps
    const { known, asked } = options
    const begun = lease.current()
    let keys = options.id === undefined ? this.#keysOf(wanted) : undefined
    const id = options.id ?? keys!.join('\n')
    const held = begun === undefined ? undefined : near.find(id, begun.v)
    // Those held are the same list each time, so that the cache need not write its command anew.
    keys = held?.keys ?? keys ?? this.#keysOf(wanted)
    const reading = { id, wanted, keys, begun, options }
    const askable = begun !== undefined && cache.usable && (held !== undefined || known !== undefined)
    const outcome =
      asked ?? (askable ? await this.#confirmed({ keys, begun, held, known }) : ('stale' as const))
    if (typeof outcome === 'object') return outcome
    // No second wait for a Redis that failed just now. And what the heads said is forgotten: a second reply counts by
    // itself, so that no bundle is torn between the two.
    return outcome === 'failed' ? this.#fromDatabase(reading, undefined) : this.#fromCache(reading)
  }

  #confirmed(question: Question): Promise<ReadResult | Unconfirmed> {
    return new Promise(resolve => this.#askHeads(question, resolve))
  }

  #askHeads({ keys, begun, held, known }: Question, onConfirmed: OnConfirmed): void {
    const { cache, lease } = this.#deps
    cache.readHeads(keys, held?.stampKey, (_error, reply) => {
      if (reply === undefined) onConfirmed('failed')
      else if (!lease.covers(begun, reply.connection)) onConfirmed('stale')
      else onConfirmed(confirmed(reply.heads, held, keys.length, known) ?? 'stale')
    })
  }

  #keysOf(wanted: WantedOf): readonly string[] {
    return listed(wanted).map(({ ref, part }) => this.#deps.codec.keys(ref)[part]!)
  }

  /** Step 1: one GET or MGET. */
  async #fromCache(reading: Reading): Promise<ReadResult> {
    const { id, keys, begun, options } = reading
    const reply = await this.#ask(reading)
    if (
      begun === undefined ||
      reply === undefined ||
      !this.#deps.lease.covers(begun, reply.connection) ||
      !reply.values.every(isValue)
    ) {
      return this.#fromDatabase(reading, reply)
    }
    const versions = reply.values.map(versionOf)
    const values = options.join === undefined ? reply.values : [options.join(reply.values)]
    const { stampKey } = reply
    const heads = reply.stamp ?? headsOf(reply.values)
    this.#deps.near.keep(id, begun.v, { keys, stampKey, heads, versions, values })
    return { status: 'hit', versions, values }
  }

  async #fromDatabase(reading: Reading, reply: CacheReply | undefined): Promise<ReadResult> {
    const { wanted, begun, options } = reading
    try {
      const { status, values } = await this.#deps.database.read(listed(wanted), begun?.v, reply)
      return joined(status, values, options)
    } catch (error) {
      if (!this.#deps.serveUnverified || !(error instanceof DatabaseUnavailableError)) throw error
      // A reply may only have been late (this process was busy): now it is worth a second try.
      const cached = (reply ?? (await this.#ask(reading)))?.values
      if (cached?.every(isValue)) return joined('unverified', cached, options)
      throw error
    }
  }

  async #ask({ wanted, keys }: Reading): Promise<StampedReply | undefined> {
    const { cache, codec } = this.#deps
    if (!cache.usable) return undefined
    const userId = keys.length > 1 ? onlyUser(listed(wanted)) : undefined
    const stampKey = userId === undefined ? undefined : codec.stampKey(userId)
    try {
      const { values, connection } = await cache.read(stampKey === undefined ? keys : [...keys, stampKey])
      const stamp = values[keys.length]
      const stamped = isStamp(stamp) ? { stampKey, stamp } : { stampKey: undefined, stamp: undefined }
      return { connection, values: values.slice(0, keys.length), ...stamped }
    } catch {
      // The cache has counted and logged it; no read fails because of Redis.
      return undefined
    }
  }
}

/** The one user whose documents they are. */
function onlyUser(wanted: readonly Wanted[]): string | undefined {
  const userId = wanted[0]?.ref.userId
  return wanted.every(({ ref }) => ref.userId === userId) ? userId : undefined
}

function listed(wanted: WantedOf): readonly Wanted[] {
  return typeof wanted === 'function' ? wanted() : wanted
}

/** What Redis confirmed: the bytes held here, or that the caller's are right. */
function confirmed(
  heads: Buffer,
  held: NearEntry | undefined,
  count: number,
  known: KnownVersions | undefined,
): ReadResult | undefined {
  if (held?.heads.equals(heads)) return { status: 'hit', versions: held.versions, values: held.values }
  if (known === undefined) return undefined
  const versions = versionsIn(heads, count)
  if (versions === undefined || !isKnown(known, versions)) return undefined
  return { status: 'hit', versions, values: undefined }
}

function joined(status: ReadStatus, values: readonly (Buffer | null)[], { join }: ReadOptions): ReadResult {
  const versions = values.map(value => (value === null ? 0 : versionOf(value)))
  if (join === undefined || values.includes(null)) return { status, versions, values }
  return { status, versions, values: [join(values as readonly Buffer[])] }
}

/** Of a whole value. */
function versionOf(value: Buffer): number {
  const head = headOf(value)
  if (head.type !== 'value') throw new Error('a value without a version')
  return head.version
}
