import { type BatchReader, refId } from './batch-reader.ts'
import type { Grant, Lease } from './lease.ts'
import type { CacheEntry, CachePort, CacheReply, CodecPort, DocumentRef, Row, ViewToken } from './ports.ts'
import { DatabaseUnavailableError } from './ports.ts'
import type { Repair } from './repair.ts'
import { headOf, isValue } from './stored-bytes.ts'

/** One key of one document: `part` indexes `codec.keys(ref)` (0 = the whole document). */
export interface Wanted {
  readonly ref: DocumentRef
  readonly part: number
}

export type ReadStatus = 'hit' | 'miss-stored' | 'miss' | 'degraded' | 'unverified'

export interface ReadResult {
  readonly status: ReadStatus
  /** In the order asked for; null = the document does not exist. */
  readonly values: readonly (Buffer | null)[]
}

export interface ReadDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly lease: Lease
  readonly batch: BatchReader
  readonly repair: Repair
  /** ON_DATABASE_OUTAGE=serve: cached documents are answered, marked unverified, while the database is away. */
  readonly serveUnverified: boolean
}

/** The read of consistency.md, steps 1 to 4. */
export class Reader {
  readonly #deps: ReadDeps

  constructor(deps: ReadDeps) {
    this.#deps = deps
  }

  /** Throws DatabaseUnavailableError when neither Redis nor the database can answer. */
  async read(wanted: readonly Wanted[]): Promise<ReadResult> {
    const { lease } = this.#deps
    const begun = lease.current()
    const reply = await this.#ask(wanted)
    if (reply !== undefined && lease.covers(begun, reply.connection) && reply.values.every(isValue)) {
      return { status: 'hit', values: reply.values }
    }
    try {
      return await this.#fromDatabase(wanted, begun, reply)
    } catch (error) {
      if (!this.#deps.serveUnverified || !(error instanceof DatabaseUnavailableError)) throw error
      // A reply may only have been late (this process was busy): now it is worth a second try.
      const cached = (reply ?? (await this.#ask(wanted)))?.values
      if (cached?.every(isValue)) return { status: 'unverified', values: cached }
      throw error
    }
  }

  async #ask(wanted: readonly Wanted[]): Promise<CacheReply | undefined> {
    const { cache, codec } = this.#deps
    if (!cache.usable) return undefined
    try {
      return await cache.read(wanted.map(({ ref, part }) => codec.keys(ref)[part]!))
    } catch {
      // The cache has counted and logged it; no read fails because of Redis.
      return undefined
    }
  }

  async #fromDatabase(
    wanted: readonly Wanted[],
    begun: Grant | undefined,
    reply: CacheReply | undefined,
  ): Promise<ReadResult> {
    const rows = await this.#deps.batch.read(wanted.map(({ ref }) => ref))
    const encoded = new Map<string, readonly (Buffer | string)[]>()
    for (const row of rows.values())
      if (row.data !== null) encoded.set(refId(row.ref), this.#deps.codec.encode(row))
    const values = wanted.map(({ ref, part }) => toBuffer(encoded.get(refId(ref))?.[part]))
    if (begun === undefined || reply === undefined) return { status: 'degraded', values }
    const entries = this.#entriesToStore(wanted, reply, rows, encoded, begun.v)
    return { status: (await this.#put(begun.v, entries)) ? 'miss-stored' : 'miss', values }
  }

  /** What is missing or older in Redis; documents under a fence newer than their row go to the repair instead. */
  #entriesToStore(
    wanted: readonly Wanted[],
    reply: CacheReply,
    rows: ReadonlyMap<string, Row>,
    encoded: ReadonlyMap<string, readonly (Buffer | string)[]>,
    v: ViewToken,
  ): CacheEntry[] {
    const entries = new Map<string, CacheEntry>()
    wanted.forEach(({ ref }, index) => {
      const row = rows.get(refId(ref))
      const values = encoded.get(refId(ref))
      if (row === undefined || values === undefined) return
      const stored = reply.values[index] ?? null
      const head = stored === null ? undefined : headOf(stored)
      if (head?.type === 'fence' && head.min > row.version) this.#deps.repair.start(v, ref, head)
      else if (head?.type !== 'value' || !isValue(stored)) {
        entries.set(refId(ref), { keys: this.#deps.codec.keys(ref), version: row.version, values })
      }
    })
    return [...entries.values()]
  }

  async #put(v: ViewToken, entries: readonly CacheEntry[]): Promise<boolean> {
    if (entries.length === 0) return false
    try {
      return (await this.#deps.cache.put(v, entries)) === 'done'
    } catch {
      return false
    }
  }
}

function toBuffer(bytes: Buffer | string | undefined): Buffer | null {
  if (bytes === undefined) return null
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes
}
