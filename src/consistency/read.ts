import { askHeads } from './confirmation.ts'
import { FullRead, type FullReadDeps } from './full-read.ts'
import type { Around } from './joined-body.ts'
import type { OnRead, ReadResult } from './read-outcome.ts'
import { listed, type WantedOf } from './reading.ts'
import type { KnownVersions } from './versions.ts'

export interface ReadOptions {
  /** Names the read in the near cache; by default its keys do. */
  readonly id?: string
  /** For one body of all values, with these texts around them: the same for each read of this id. */
  readonly around?: (() => Around) | undefined
  /** What the caller holds already need not be sent. */
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
  read(wanted: WantedOf, options: ReadOptions = {}): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      this.answer(wanted, options, (error, result) => {
        if (result === undefined) reject(error)
        else resolve(result)
      })
    })
  }

  /**
   * The same read by callback. What the near cache holds, or the caller, needs one round trip in which Redis confirms it, and
   * no promise: nearly all reads are answered so.
   */
  answer(wanted: WantedOf, options: ReadOptions, onRead: OnRead): void {
    const { lease, cache, near } = this.#deps
    const { known } = options
    const begun = lease.current()
    let keys = options.id === undefined ? this.#keysOf(wanted) : undefined
    const id = options.id ?? keys!.join('\n')
    const held = begun === undefined || !cache.usable ? undefined : near.find(id, begun.v)
    if (begun === undefined || !cache.usable || (held ?? known) === undefined) {
      this.#inFull(id, wanted, options, true, onRead)
      return
    }
    // Those held are the same list each time, so that the cache need not write its command again.
    keys = held?.keys ?? keys ?? this.#keysOf(wanted)
    askHeads(this.#deps, { keys, begun, held, known }, outcome => {
      if (typeof outcome === 'object') onRead(undefined, outcome)
      else this.#inFull(id, wanted, options, outcome === 'stale', onRead)
    })
  }

  /**
   * Begins again, with the lease of this moment: what the heads said is forgotten, so that no bundle is torn between two
   * replies. Redis is not asked when it failed just now: a second wait for it would not help.
   */
  #inFull(
    id: string,
    wanted: WantedOf,
    { around, known }: ReadOptions,
    fromCache: boolean,
    onRead: OnRead,
  ): void {
    const keys = this.#keysOf(wanted)
    const reading = { id, wanted, keys, begun: this.#deps.lease.current(), around, known }
    const read = fromCache ? this.#full.fromCache(reading) : this.#full.fromDatabase(reading, undefined)
    read.then(
      result => onRead(undefined, result),
      error => onRead(error, undefined),
    )
  }

  #keysOf(wanted: WantedOf): readonly string[] {
    return listed(wanted).map(({ ref, part }) => this.#deps.codec.keys(ref)[part]!)
  }
}
