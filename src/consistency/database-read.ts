import { type BatchReader, refId } from './batch-reader.ts'
import type { CacheEntry, CachePort, CacheReply } from './cache-port.ts'
import type { CodecPort, DocumentRef, Row, ViewToken } from './ports.ts'
import type { Repair } from './repair.ts'
import { headOf, isValue } from './stored-bytes.ts'

/** One key of one document: `part` indexes `codec.keys(ref)` (0 = the whole document). */
export interface Wanted {
  readonly ref: DocumentRef
  readonly part: number
}

export interface DatabaseAnswer {
  readonly status: 'miss-stored' | 'miss' | 'degraded'
  /** In the order asked for; null = the document does not exist. */
  readonly values: readonly (Buffer | null)[]
}

export interface DatabaseReadDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly batch: BatchReader
  readonly repair: Repair
}

type Encoded = ReadonlyMap<string, readonly (Buffer | string)[]>

/** Steps 2 to 4 of the read: from the primary database, and back into the cache. */
export class DatabaseRead {
  readonly #deps: DatabaseReadDeps

  constructor(deps: DatabaseReadDeps) {
    this.#deps = deps
  }

  /** `v` was held when the read began; `reply` is what Redis said. Without one of them nothing is stored. */
  async read(
    wanted: readonly Wanted[],
    v: ViewToken | undefined,
    reply: CacheReply | undefined,
  ): Promise<DatabaseAnswer> {
    const { rows, epoch } = await this.#deps.batch.read(wanted.map(({ ref }) => ref))
    const encoded = new Map<string, readonly (Buffer | string)[]>()
    for (const row of rows.values())
      if (row.data !== null) encoded.set(refId(row.ref), this.#deps.codec.encode(row))
    const values = wanted.map(({ ref, part }) => toBuffer(encoded.get(refId(ref))?.[part]))
    if (v === undefined || reply === undefined) return { status: 'degraded', values }
    // A change by hand was not fenced: it turned the view OFF in its own transaction. Rows read behind it must not stand
    // in the cache beside others from before it, for which leases may still be running.
    const entries = epoch === v.epoch ? this.#entriesToStore(wanted, reply, rows, encoded, v) : []
    return { status: (await this.#put(v, entries)) ? 'miss-stored' : 'miss', values }
  }

  /** What is missing or older in Redis; documents under a fence newer than their row go to the repair instead. */
  #entriesToStore(
    wanted: readonly Wanted[],
    reply: CacheReply,
    rows: ReadonlyMap<string, Row>,
    encoded: Encoded,
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
