import type { BatchRead, BatchReader } from './batch-reader.ts'
import { refId } from './batch-reader.ts'
import type { HeldVersion } from './document-rows.ts'
import type { Follower } from './follower.ts'
import { type NearCache, userOf } from './near-cache.ts'
import { documentsOf, type HeldDocument, heldVersionsOf, type NearEntry } from './near-entry.ts'
import type { ClockPort, CodecPort } from './ports.ts'
import type { ReadResult } from './read-outcome.ts'
import { type DocumentPart, keepRows, type PendingRead, resultOf } from './reading.ts'
import type { Moment } from './store-port.ts'
import { isKnown, type KnownVersions } from './versions.ts'

export interface DegradedReadDeps {
  readonly clock: Pick<ClockPort, 'now'>
  readonly codec: CodecPort
  readonly near: NearCache
  readonly follower: Follower
  /** For reads that fetch whole rows. */
  readonly rows: BatchReader
  /** For reads whose documents are all held, so that they do not wait behind the others. */
  readonly versions: BatchReader
}

/**
 * The read without Redis. Sends the documents that this process holds, after the database has confirmed their versions; only
 * the others are fetched.
 *
 * One statement, so one snapshot, answers both: which documents are at the version held, and the rows of the others. So an
 * answer is as fresh as one that read all rows, and never torn. Equal version and `updated_at` in the same incarnation of
 * the database mean equal content: a version grows with each change and is never used again (NearCache), and a change by hand
 * in a database whose set-back has not been noticed yet has another `updated_at`.
 */
export class DegradedRead {
  readonly #deps: DegradedReadDeps

  constructor(deps: DegradedReadDeps) {
    this.#deps = deps
  }

  /**
   * The quick way, without a promise: one statement tells what has changed, and so confirms all entries that are followed.
   * Calls back without error and result when the entry is not current. Returns false when the entry of this id is not
   * followed; nothing is done then.
   */
  confirm(id: string, onConfirmed: (error: unknown, result: ReadResult | undefined) => void): boolean {
    const { near, follower, clock } = this.#deps
    const own = near.last(id)
    if (own === undefined || !follower.follows(own)) return false
    const at = clock.now()
    follower.confirm(own, confirmation => {
      if (confirmation === 'changed') onConfirmed(undefined, undefined)
      else if (confirmation !== 'current') onConfirmed(confirmation, undefined)
      else {
        own.confirmedAt = at
        onConfirmed(undefined, { status: 'degraded', versions: own.versions, values: own.values })
      }
    })
    return true
  }

  /** Rejects with DatabaseUnavailableError. */
  async read(reading: PendingRead): Promise<ReadResult> {
    const { rows, versions, near, clock } = this.#deps
    const { wanted } = reading
    const refs = wanted.map(({ ref }) => ref)
    const own = near.last(reading.id)
    const others = own === undefined ? near.newest(reading.id, reading.keys) : undefined
    const held = others ?? heldVersionsOf(own!)
    const asked = held.map((each, index) => each ?? versionOfCaller(reading.known, index, refs.length))
    const batch = asked.includes(undefined) ? rows : versions
    const at = clock.now()
    const read = await batch.read(refs, asked)
    const isUnchanged = refs.every(read.isHeld)
    if (isUnchanged && own?.database === read.database) {
      own.confirmedAt = at
      this.#follow(reading, own, read)
      return { status: 'degraded', versions: own.versions, values: own.values }
    }
    const values = this.#valuesOf(wanted, others ?? documentsOf(own!), read)
    if (values !== undefined) return this.#answer(reading, values, read, at)
    const known = asked.map(each => each?.version ?? 0)
    if (isUnchanged && isKnown(reading.known, known))
      return { status: 'degraded', versions: known, values: undefined }
    // Some are held by the caller only, or are of another incarnation: a new statement fetches all of them.
    const again = clock.now()
    const whole = await rows.read(refs)
    return this.#answer(reading, this.#valuesOf(wanted, [], whole)!, whole, again)
  }

  /** Null = the document does not exist. Undefined when the bytes of one are neither in the rows nor held. */
  #valuesOf(
    wanted: readonly DocumentPart[],
    held: readonly (HeldDocument | undefined)[],
    read: BatchRead,
  ): (Buffer | null)[] | undefined {
    const values: (Buffer | null)[] = []
    for (const [index, { ref, part }] of wanted.entries()) {
      const row = read.rows.get(refId(ref))
      if (row !== undefined) values.push(row.data === null ? null : this.#deps.codec.encode(row)[part]!)
      else if (!read.isHeld(ref)) values.push(null)
      else if (held[index]?.database === read.database) values.push(held[index].bytes)
      else return undefined
    }
    return values
  }

  #answer(reading: PendingRead, values: readonly (Buffer | null)[], moment: Moment, at: number): ReadResult {
    const result = resultOf('degraded', values, reading.around)
    const entry = keepRows(this.#deps.near, reading, result, moment.database, at)
    if (entry !== undefined) this.#follow(reading, entry, moment)
    return result
  }

  #follow({ id, wanted }: PendingRead, entry: NearEntry, moment: Moment): void {
    // A change is noted in the entries of its user.
    if (wanted.every(({ ref }) => userOf(id) === ref.userId)) this.#deps.follower.follow(id, entry, moment)
  }
}

/** The version that the caller has: when it is current, no bytes are needed. */
function versionOfCaller(
  known: KnownVersions | undefined,
  index: number,
  count: number,
): HeldVersion | undefined {
  if (known === undefined || known === '*') return undefined
  const version = known.find(({ length }) => length === count)?.[index]
  return version === undefined ? undefined : { version, updatedAt: undefined }
}
