import { askHeads } from './confirmation.ts'
import type { DocumentRef } from './document-rows.ts'
import { FullRead, type FullReadDeps } from './full-read.ts'
import type { Around } from './joined-body.ts'
import type { OnRead, ReadResult } from './read-outcome.ts'
import { type DocumentPart, type PendingRead, partsOf, type WantedDocuments } from './reading.ts'
import type { KnownVersions } from './versions.ts'

export interface ReadOptions {
  /** Names the read in the near cache: its user, a line feed, and a name among the reads of this user. By default its keys name it. */
  readonly id?: string
  /** Asks for one body of all values with these texts around them, the same for each read of this id. */
  readonly around?: (() => Around) | undefined
  /** The versions that the caller has, whose bytes need not be sent. */
  readonly known?: KnownVersions | undefined
}

export type ReadDeps = FullReadDeps

/** The read of docs/consistency.md, with the near cache in front of its first step. */
export class Reader {
  readonly #deps: ReadDeps
  readonly #full: FullRead

  constructor(deps: ReadDeps) {
    this.#deps = deps
    this.#full = new FullRead(deps)
  }

  /** Rejects with DatabaseUnavailableError when neither Redis nor the database can answer. */
  read(wanted: WantedDocuments, options: ReadOptions = {}): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      this.answer(wanted, options, (error, result) => {
        if (result === undefined) reject(error)
        else resolve(result)
      })
    })
  }

  /** Repairs all keys of a document, also those that no read asks for (FullRead). Never rejects. */
  refill(ref: DocumentRef): Promise<void> {
    return this.#full.refill(ref)
  }

  /**
   * The same read by callback. When the near cache or the caller holds the documents, Redis confirms them in one round trip,
   * without a promise. Nearly all reads are answered like this.
   */
  answer(wanted: WantedDocuments, options: ReadOptions, onRead: OnRead): void {
    const { lease, cache, near } = this.#deps
    const { known } = options
    const begun = lease.current()
    let keys = options.id === undefined ? this.#keysOf(wanted) : undefined
    const id = options.id ?? idOf(partsOf(wanted), keys!)
    if (begun === undefined || !cache.usable) {
      this.#degraded(id, wanted, options, onRead)
      return
    }
    const held = near.find(id, begun.v)
    if ((held ?? known) === undefined) {
      this.#inFull(id, wanted, options, 'cache', onRead)
      return
    }
    // The held keys are the same list each time, so that the cache need not build its command again.
    keys = held?.keys ?? keys ?? this.#keysOf(wanted)
    askHeads(this.#deps, { keys, begun, held, known }, outcome => {
      if (typeof outcome === 'object') onRead(undefined, outcome)
      else this.#inFull(id, wanted, options, outcome === 'stale' ? 'cache' : 'database', onRead)
    })
  }

  /** Without Redis, most reads are answered like this. */
  #degraded(id: string, wanted: WantedDocuments, options: ReadOptions, onRead: OnRead): void {
    const isAsked = this.#deps.degraded.confirm(id, (error, result) => {
      if (result !== undefined) onRead(undefined, result)
      else this.#inFull(id, wanted, options, error === undefined ? 'cache' : { failed: error }, onRead)
    })
    if (!isAsked) this.#inFull(id, wanted, options, 'cache', onRead)
  }

  /**
   * Starts over with the present lease and ignores the heads, so that no bundle is torn between two replies. Does not ask
   * Redis when it has just failed, because waiting for it a second time would not help.
   */
  #inFull(
    id: string,
    wanted: WantedDocuments,
    { around, known }: ReadOptions,
    from: 'cache' | 'database' | { readonly failed: unknown },
    onRead: OnRead,
  ): void {
    const parts = partsOf(wanted)
    const keys = this.#keysOf(parts)
    const reading = { id, wanted: parts, keys, begun: this.#deps.lease.current(), around, known }
    this.#readFrom(from, reading).then(
      result => onRead(undefined, result),
      error => onRead(error, undefined),
    )
  }

  #readFrom(
    from: 'cache' | 'database' | { readonly failed: unknown },
    reading: PendingRead,
  ): Promise<ReadResult> {
    if (from === 'cache') return this.#full.fromCache(reading)
    return from === 'database'
      ? this.#full.fromDatabase(reading, undefined)
      : this.#full.onOutage(reading, from.failed)
  }

  #keysOf(wanted: WantedDocuments): readonly string[] {
    return partsOf(wanted).map(({ ref, part }) => this.#deps.codec.keys(ref)[part]!)
  }
}

/** The documents of one read are of one user. */
function idOf(parts: readonly DocumentPart[], keys: readonly string[]): string {
  return `${parts[0]?.ref.userId}\n${keys.join('\n')}`
}
