import type { CacheFence, CachePort } from './cache-port.ts'
import { isOfFuture } from './database-check.ts'
import type {
  ClockPort,
  CodecPort,
  DatasetIdentity,
  GateTransaction,
  ObserverPort,
  StorePort,
  ViewToken,
} from './ports.ts'
import { epochOf } from './token.ts'

export interface GateDeps {
  readonly store: StorePort
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly clock: ClockPort
  readonly observer: ObserverPort
}

/** Beyond this many documents at risk a cold cache is cheaper than fencing them under the exclusive lock. */
const MAX_REPAIRS = 10_000
const FENCES_PER_SCRIPT = 200

/** Turns the view from OFF and drained to ON (consistency.md, "Gate"). */
export class Gate {
  readonly #deps: GateDeps

  constructor(deps: GateDeps) {
    this.#deps = deps
  }

  /**
   * One try, for the view seen OFF and drained at `epoch` and the dataset seen as `identity`, which holds the text
   * `seenView` as its view: the new epoch is above it, or Redis would refuse to adopt one for as many gates as the
   * database was set back by. Resolves to the new
   * epoch and what was repaired, or null when another gate was faster or Redis refused. Throws on any failure; the
   * view is still OFF then.
   */
  async open(
    epoch: number,
    identity: DatasetIdentity,
    seenView: string | null,
  ): Promise<{ epoch: number; repaired: number | 'cold' } | null> {
    const { store, observer } = this.#deps
    const newEpoch = await store.newEpoch(epoch, epochOf(seenView ?? '') + 1)
    if (newEpoch === null) return null
    await observer.step('gate.epoch')
    const tx = await store.beginGate()
    try {
      const { view } = tx
      if (view.mode !== 'OFF' || !view.drained || view.epoch !== newEpoch) {
        await tx.rollback()
        return null
      }
      const v = { epoch: newEpoch, identity }
      const repaired = await this.#repair(tx, v)
      if (repaired === null) {
        await tx.rollback()
        return null
      }
      await observer.step('gate.repaired')
      await tx.setOn(v)
      await tx.commit()
      await observer.step('gate.on')
      return { epoch: newEpoch, repaired }
    } catch (error) {
      await tx.rollback()
      throw error
    }
  }

  /** Fences what changed since the marker, or empties the cache. Null = Redis refused V', or the database was set back. */
  async #repair(tx: GateTransaction, v: ViewToken): Promise<number | 'cold' | null> {
    const { cache, observer } = this.#deps
    const marker = await cache.readMarker(v.identity)
    // The next renewal begins a new incarnation.
    if (isOfFuture(marker, tx)) return null
    if (marker === null || marker.database !== tx.database || tx.view.reason === 'redis-ahead')
      return this.#cold(v)
    const atRisk = await tx.changedSince(marker.xid, MAX_REPAIRS + 1)
    if (atRisk.length > MAX_REPAIRS) return this.#cold(v)
    // Before repairing: a late script of an older V must not undo a fence.
    if ((await cache.adopt(v)) !== 'done') return null
    await observer.step('gate.adopted')
    const fences = atRisk.map(({ ref, version }) => ({ keys: this.#deps.codec.keys(ref), min: version }))
    return (await this.#fenceAll(v, fences)) ? fences.length : null
  }

  async #fenceAll(v: ViewToken, fences: readonly CacheFence[]): Promise<boolean> {
    const { cache, clock } = this.#deps
    for (let from = 0; from < fences.length; from += FENCES_PER_SCRIPT) {
      const outcome = await cache.fence(v, clock.nonce(), fences.slice(from, from + FENCES_PER_SCRIPT))
      if (outcome === 'view') return false
    }
    return true
  }

  async #cold(v: ViewToken): Promise<'cold' | null> {
    if ((await this.#deps.cache.cold(v)) !== 'done') return null
    await this.#deps.observer.step('gate.cold')
    return 'cold'
  }
}
