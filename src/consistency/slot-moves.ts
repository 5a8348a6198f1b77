import type { CacheIdentity } from './cache-port.ts'
import { sameIdentity } from './token.ts'
import type { DatasetIdentity, ViewToken } from './views.ts'

/** What a renewal saw of Redis: its identity, or the dataset of a node that does not hold all keys. */
export interface Look {
  readonly cacheIdentity?: CacheIdentity
  readonly elsewhere?: DatasetIdentity
}

/**
 * Remembers that the keys of a V in a cluster are or were on another node, until V has ended: the slot may come back at once, and
 * bring with it what that node held, such as an older copy of a key.
 */
export class SlotMoves {
  #last: { readonly v: ViewToken; readonly reason: string } | undefined

  note({ cacheIdentity, elsewhere }: Look, v: ViewToken): void {
    if (elsewhere !== undefined && sameIdentity(v.identity, elsewhere))
      this.#last = { v, reason: 'redis-slot-moving' }
    else if (cacheIdentity?.role === 'master' && !sameIdentity(v.identity, cacheIdentity.identity))
      this.#last = { v, reason: 'redis-identity' }
  }

  /** Why V has to end; undefined = its keys have not moved. */
  reasonToEnd({ epoch }: ViewToken): string | undefined {
    return this.#last?.v.epoch === epoch ? this.#last.reason : undefined
  }
}
