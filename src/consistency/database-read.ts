import { type BatchReader, refId } from './batch-reader.ts'
import type { CacheFill, CachePort, CacheReply } from './cache-port.ts'
import type { Row } from './document-rows.ts'
import type { CodecPort } from './ports.ts'
import type { DocumentPart } from './reading.ts'
import type { Repair } from './repair.ts'
import { headOf, isValue } from './stored-bytes.ts'
import type { ViewToken } from './views.ts'

export interface DatabaseAnswer {
  readonly status: 'miss-stored' | 'miss'
  /** In the order asked for; null = the document does not exist. */
  readonly values: readonly (Buffer | null)[]
  /** The incarnation of the database. */
  readonly database: string
}

export interface DatabaseReadDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly batch: BatchReader
  readonly repair: Repair
}

/** The reply of Redis with the stamps it holds, by user. */
export interface StampedReply extends CacheReply {
  readonly stamps: Stamps
  /** Users whose documents were read. */
  readonly users: number
}

type Stamps = ReadonlyMap<string, string>
type Encoded = ReadonlyMap<string, readonly Buffer[]>

/** What a miss does: reads from the primary database, and stores the rows back into the cache. */
export class DatabaseRead {
  readonly #deps: DatabaseReadDeps

  constructor(deps: DatabaseReadDeps) {
    this.#deps = deps
  }

  /** `v` was held when the read began; `reply` is the reply of Redis. */
  async read(wanted: readonly DocumentPart[], v: ViewToken, reply: StampedReply): Promise<DatabaseAnswer> {
    // Before the rows are read, so that every write that they lack moves these stamps.
    const stamps = await this.#stamps(wanted, v, reply)
    const { rows, epoch, database } = await this.#deps.batch.read(wanted.map(({ ref }) => ref))
    const encoded = new Map<string, readonly Buffer[]>()
    for (const row of rows.values())
      if (row.data !== null) encoded.set(refId(row.ref), this.#deps.codec.encode(row))
    const values = wanted.map(({ ref, part }) => encoded.get(refId(ref))?.[part] ?? null)
    // A change by hand was not fenced: it turned the view OFF in its own transaction. Rows read after it must not be cached
    // beside rows from before it, because leases on those may still be running.
    const fills = epoch === v.epoch ? this.#fillsOf(wanted, { ...reply, stamps }, rows, encoded, v) : []
    return { status: (await this.#fill(v, fills)) ? 'miss-stored' : 'miss', values, database }
  }

  /** The stamps of the reply; makes the missing ones. Rows of a user without a stamp are read and not stored. */
  async #stamps(wanted: readonly DocumentPart[], v: ViewToken, reply: StampedReply): Promise<Stamps> {
    const { cache, codec } = this.#deps
    const users = new Set(wanted.map(({ ref }) => ref.userId).filter(userId => !reply.stamps.has(userId)))
    if (users.size === 0 || reply.values.every(isValue)) return reply.stamps
    const unstamped = [...users]
    const keys = unstamped.map(userId => codec.stampKey(userId))
    try {
      const made = await cache.makeStamps(v, keys)
      if (made === 'view') return reply.stamps
      return new Map([...reply.stamps, ...unstamped.map((userId, at) => [userId, made[at]!] as const)])
    } catch {
      // The cache has counted and logged it.
      return reply.stamps
    }
  }

  /** Rows that are missing or older in Redis. Starts the repair of documents that are deleted, or under a fence newer than their row. */
  #fillsOf(
    wanted: readonly DocumentPart[],
    reply: StampedReply,
    rows: ReadonlyMap<string, Row>,
    encoded: Encoded,
    v: ViewToken,
  ): CacheFill[] {
    const fills = new Map<string, CacheFill>()
    wanted.forEach(({ ref }, index) => {
      const row = rows.get(refId(ref))
      const values = encoded.get(refId(ref))
      if (row === undefined) return
      const stored = reply.values[index] ?? null
      const head = stored === null ? undefined : headOf(stored)
      const stamp = reply.stamps.get(ref.userId)
      if (head?.type === 'fence' && (values === undefined || head.min > row.version))
        this.#deps.repair.start(v, ref, { nonce: head.nonce, stamp })
      else if (values !== undefined && (head?.type !== 'value' || !isValue(stored)) && stamp !== undefined) {
        fills.set(refId(ref), { keys: this.#deps.codec.keys(ref), version: row.version, stamp, values })
      }
    })
    return [...fills.values()]
  }

  async #fill(v: ViewToken, fills: readonly CacheFill[]): Promise<boolean> {
    if (fills.length === 0) return false
    try {
      return (await this.#deps.cache.fill(v, fills)) === 'done'
    } catch {
      return false
    }
  }
}
