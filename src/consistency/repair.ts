import { refId } from './batch-reader.ts'
import type { CachePort } from './cache-port.ts'
import type { DocumentRef } from './document-rows.ts'
import type { CodecPort, ObserverPort } from './ports.ts'
import type { StorePort } from './store-port.ts'
import type { ViewToken } from './views.ts'

export interface RepairDeps {
  readonly cache: CachePort
  readonly store: StorePort
  readonly codec: CodecPort
  readonly observer: ObserverPort
}

/** A fence that a reader found, with the stamp that it saw. */
export interface MetFence {
  readonly nonce: string
  readonly stamp: string | undefined
}

/**
 * What a read does beside its answer when Redis holds a fence newer than its row. Either its writer is still at work, or it died or rolled back,
 * and nothing else will remove the fence. Runs in the background of the read, which has its answer already.
 */
export class Repair {
  readonly #deps: RepairDeps
  readonly #running = new Set<string>()

  constructor(deps: RepairDeps) {
    this.#deps = deps
  }

  /** Begins the repair of one document under V unless one is running. Never throws. */
  start(v: ViewToken, ref: DocumentRef, met: MetFence): void {
    const id = refId(ref)
    if (this.#running.has(id)) return
    this.#running.add(id)
    this.#repair(v, ref, met)
      .catch(error => this.#deps.observer.failed('repair', error))
      .finally(() => this.#running.delete(id))
  }

  async #repair(v: ViewToken, ref: DocumentRef, { nonce, stamp }: MetFence): Promise<void> {
    const { store, cache, codec } = this.#deps
    const read = await store.readIfUnlocked([ref])
    const row = read?.rows[0]
    // Locked: the writer is at work. No row: the document has never existed.
    if (row === undefined) return
    // As in DatabaseRead: rows read under another view must not be stored under this one.
    if (read?.epoch !== v.epoch) return
    if (row.data === null) {
      await cache.erase(v, nonce, [{ keys: codec.keys(ref), min: row.version }])
      return
    }
    const entry = { keys: codec.keys(ref), version: row.version, values: codec.encode(row) }
    const outcome = await cache.unfence(v, nonce, entry)
    // The fence may be in the key of a section only, when the key of the whole was deleted or evicted.
    if (outcome === 'refused' && stamp !== undefined) await cache.fill(v, [{ ...entry, stamp }])
  }
}
