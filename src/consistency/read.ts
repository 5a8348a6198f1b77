import { askHeads } from './confirmation.ts'
import { FullRead, type FullReadDeps, type Join, listed, type Reading, type WantedOf } from './full-read.ts'
import type { OnConfirmed, ReadResult, Unconfirmed } from './read-outcome.ts'
import type { KnownVersions } from './versions.ts'

export interface ReadOptions {
  /** Names the read in the near cache; by default its keys do. */
  readonly id?: string
  readonly join?: Join
  /** What the caller holds already need not be sent. */
  readonly known?: KnownVersions | undefined
  /** What `confirm` brought for this very read, just now: Redis is not asked for the heads again. */
  readonly asked?: Unconfirmed | undefined
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

  /**
   * Asks Redis, in one round trip, whether what the near cache holds under `id` is still right. By callback, and no
   * promise is made: this is how nearly all reads are answered. False = nothing is held or no lease; nothing was asked.
   */
  confirm(id: string, known: KnownVersions | undefined, onConfirmed: OnConfirmed): boolean {
    const { lease, cache, near } = this.#deps
    const begun = lease.current()
    const held = begun === undefined || !cache.usable ? undefined : near.find(id, begun.v)
    if (held === undefined) return false
    askHeads(this.#deps, { keys: held.keys, begun: begun!, held, known }, onConfirmed)
    return true
  }

  /** Rejects with DatabaseUnavailableError when neither Redis nor the database can answer. */
  read(wanted: WantedOf, options: ReadOptions = {}): Promise<ReadResult> {
    const { lease, cache, near } = this.#deps
    const { join, known, asked } = options
    const begun = lease.current()
    let keys = options.id === undefined ? this.#keysOf(wanted) : undefined
    const id = options.id ?? keys!.join('\n')
    const held = begun === undefined || asked !== undefined ? undefined : near.find(id, begun.v)
    // Those held are the same list each time, so that the cache need not write its command again.
    keys = held?.keys ?? keys ?? this.#keysOf(wanted)
    const reading = { id, wanted, keys, begun, join }
    if (asked !== undefined || begun === undefined || !cache.usable || (held ?? known) === undefined) {
      return this.#unconfirmed(reading, asked ?? 'stale')
    }
    return new Promise((resolve, reject) => {
      askHeads(this.#deps, { keys, begun, held, known }, outcome => {
        if (typeof outcome === 'object') resolve(outcome)
        else this.#unconfirmed(reading, outcome).then(resolve, reject)
      })
    })
  }

  #unconfirmed(reading: Reading, outcome: Unconfirmed): Promise<ReadResult> {
    // No second wait for a Redis that failed just now. And what the heads said is forgotten: a second reply counts by
    // itself, so that no bundle is torn between the two.
    return outcome === 'failed' ? this.#full.fromDatabase(reading, undefined) : this.#full.fromCache(reading)
  }

  #keysOf(wanted: WantedOf): readonly string[] {
    return listed(wanted).map(({ ref, part }) => this.#deps.codec.keys(ref)[part]!)
  }
}
