import type { CacheFence, CachePort, ScriptOutcome, SweepStep } from './cache-port.ts'
import { isOfFuture } from './database-check.ts'
import type { DocumentRef } from './document-rows.ts'
import type { ClockPort, CodecPort, ObserverPort, ProtocolTimes } from './ports.ts'
import type { GateTransaction, StorePort } from './store-port.ts'
import { epochOf } from './token.ts'
import type { DatasetIdentity, ViewToken } from './views.ts'

export interface GateDeps {
  readonly store: StorePort
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly times: Pick<ProtocolTimes, 'leaseMs'>
  /** Host and name of the database, for operators. */
  readonly databaseName: string
  /** The view is of a partition of a cluster: every gate starts cold, because keys may have been on other nodes meanwhile. */
  readonly alwaysCold?: boolean
}

/** Beyond this many documents at risk a cold cache is cheaper than fencing them. */
const MAX_AT_RISK = 100_000
/** So many fences take Redis about a millisecond. */
const FENCES_PER_SCRIPT = 100
/** Scripts in flight at once, so that many scripts do not take long with a distant Redis. */
const SCRIPTS_AT_ONCE = 8
/** Tries of a script or a step of a sweep: it may be sent again, because repeating it does no harm. */
const TRIES = 3
/** Documents that are fenced under the exclusive VIEW lock: a single round trip to Redis. */
const MAX_UNDER_LOCK = FENCES_PER_SCRIPT * SCRIPTS_AT_ONCE
/** Rounds of fencing the documents changed meanwhile, each before the lock is taken again. */
const MAX_ROUNDS = 10
/** When fencing takes longer, the next gate starts cold. */
const MAX_REPAIR_MS = 20_000
/** A gate that takes longer than the first tells the other instances, which wait for the second after its last message. */
const HOLD_AFTER_MS = 1_000
const HOLD_MS = 3_000

type AtRisk = readonly { readonly ref: DocumentRef; readonly version: number }[]

/** The work before V' may count: documents to fence, as of `from`, or a cold start. */
type Plan = { readonly atRisk: AtRisk; readonly from: bigint } | 'cold'

/** Redis refused V', or holds another view by now. */
class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/**
 * Turns the view from OFF and drained to ON (docs/consistency.md, "Renewal and gate"). Holds its exclusive VIEW lock briefly,
 * independent of the distance to Redis and the number of documents: documents at risk are fenced before, and under the lock
 * only those changed meanwhile.
 */
export class Gate {
  readonly #deps: GateDeps
  #stopped = false
  /** Fencing took too long the last time. */
  #tooSlow = false
  #heldAt = 0

  constructor(deps: GateDeps) {
    this.#deps = deps
  }

  /** Makes a gate in progress fail at its next step. */
  stop(): void {
    this.#stopped = true
  }

  /**
   * Tries once, for the view of `database` seen OFF and drained at `epoch` and the dataset seen as `identity`, which holds the
   * text `seenView` as its view. The new epoch is above that view, because after a set-back of the database Redis would otherwise
   * refuse V' until enough gates have raised the epoch. Resolves to the new epoch and what was fenced, or null when another gate
   * was faster or the database was set back. Throws on any failure; the view is still OFF then.
   */
  async open(
    epoch: number,
    database: string,
    identity: DatasetIdentity,
    seenView: string | null,
  ): Promise<{ epoch: number; fenced: number | 'cold' } | null> {
    const { store, observer, clock } = this.#deps
    const newEpoch = await store.newEpoch(epoch, epochOf(seenView ?? '') + 1)
    if (newEpoch === null) return null
    await observer.step('gate.epoch')
    const v = { epoch: newEpoch, database, identity }
    this.#heldAt = clock.now()
    const plan = await this.#plan(v)
    if (plan === null) return null
    const fenced = plan === 'cold' ? await this.#sweep(v) : await this.#fenceInRounds(v, plan)
    if (fenced === null) return null
    await observer.step('gate.on')
    this.#tooSlow = false
    return { epoch: newEpoch, fenced }
  }

  /** Null = another gate was faster, or the database was set back: the next renewal begins a new incarnation. */
  async #plan(v: ViewToken): Promise<Plan | null> {
    const marker = await this.#deps.cache.readMarker(v.identity)
    const tx = await this.#begin(v)
    if (tx === null) return null
    try {
      if (isOfFuture(marker, tx)) return null
      const foreign = marker === null || marker.database !== tx.database
      if (this.#deps.alwaysCold || foreign || tx.view.reason === 'redis-ahead' || this.#tooSlow) return 'cold'
      const atRisk = await tx.changedSince(marker.xid, MAX_AT_RISK + 1)
      return atRisk.length > MAX_AT_RISK ? 'cold' : { atRisk, from: tx.oldestXid }
    } finally {
      await tx.rollback()
    }
  }

  /** Takes the exclusive VIEW lock; null when the view is no longer that of this gate, or the other layout is in use. */
  async #begin(v: ViewToken): Promise<GateTransaction | null> {
    const tx = await this.#deps.store.beginGate()
    const { mode, drained, epoch } = tx.view
    const isOwn = mode === 'OFF' && drained && epoch === v.epoch && tx.database === v.database
    if (isOwn && tx.otherLayout === 'none') return tx
    await tx.rollback()
    return null
  }

  async #fenceInRounds(v: ViewToken, plan: Exclude<Plan, 'cold'>): Promise<number | null> {
    const { cache, observer } = this.#deps
    // Before any fence: a late script of an older V must not undo a fence.
    this.#require(await cache.adopt(v))
    await observer.step('gate.adopted')
    let { atRisk, from } = plan
    let fenced = 0
    for (let round = 0; round < MAX_ROUNDS; round++) {
      fenced += await this.#fenceAll(v, atRisk)
      const tx = await this.#begin(v)
      if (tx === null) return null
      try {
        atRisk = await tx.changedSince(from, MAX_AT_RISK)
        from = tx.oldestXid
        if (atRisk.length <= MAX_UNDER_LOCK) {
          fenced += await this.#fenceAll(v, atRisk)
          await this.#turnOn(tx, v)
          return fenced
        }
      } finally {
        await tx.rollback()
      }
    }
    throw new Error('documents change faster than they can be fenced')
  }

  /** Cold start. No instance holds V' before ON, and scripts of every older V are refused, so removed keys do not come back. */
  async #sweep(v: ViewToken): Promise<'cold' | null> {
    const { cache, observer, databaseName } = this.#deps
    this.#require(await cache.cold(v, databaseName))
    let at: string | null = null
    do {
      await this.#checkIn(v)
      const from: string | null = at
      const step: SweepStep | 'view' = await this.#retry(() => cache.sweep(v, from))
      if (step === 'view') throw new RefusedError('Redis holds another view or dataset by now')
      at = step.next
    } while (at !== null)
    await observer.step('gate.cold')
    const tx = await this.#begin(v)
    if (tx === null) return null
    try {
      await this.#turnOn(tx, v)
      return 'cold'
    } finally {
      await tx.rollback()
    }
  }

  async #turnOn(tx: GateTransaction, v: ViewToken): Promise<void> {
    this.#require(await this.#deps.cache.hold(v, 0))
    await this.#deps.observer.step('gate.fenced')
    await tx.setOn(v, this.#deps.times.leaseMs)
    await tx.commit()
  }

  async #fenceAll(v: ViewToken, atRisk: AtRisk): Promise<number> {
    const { codec, clock } = this.#deps
    const startedAt = clock.now()
    let next = 0
    const worker = async () => {
      while (next < atRisk.length) {
        const documents = atRisk.slice(next, next + FENCES_PER_SCRIPT)
        next += FENCES_PER_SCRIPT
        if (clock.now() - startedAt > MAX_REPAIR_MS) {
          this.#tooSlow = true
          throw new Error('fencing takes too long; the next try begins with a cold cache')
        }
        await this.#checkIn(v)
        await this.#fence(
          v,
          documents.map(({ ref, version }) => ({ keys: codec.keys(ref), min: version })),
        )
      }
    }
    await Promise.all(Array.from({ length: SCRIPTS_AT_ONCE }, worker))
    return atRisk.length
  }

  async #fence(v: ViewToken, fences: readonly CacheFence[]): Promise<void> {
    const { cache, clock } = this.#deps
    const outcome = await this.#retry(() => cache.fence(v, clock.nonce(), fences))
    if (outcome === 'view') throw new RefusedError('Redis holds another view or dataset by now')
  }

  /** Before each step of long work: stops if asked to, and tells other instances that this gate is at work. */
  async #checkIn(v: ViewToken): Promise<void> {
    if (this.#stopped) throw new Error('the gateway stops')
    const { cache, clock } = this.#deps
    if (clock.now() - this.#heldAt < HOLD_AFTER_MS) return
    this.#heldAt = clock.now()
    await cache.hold(v, HOLD_MS)
  }

  async #retry<T>(work: () => Promise<T>): Promise<T> {
    for (let left = TRIES; ; left--) {
      try {
        return await work()
      } catch (error) {
        if (left <= 1 || this.#stopped || !this.#deps.cache.usable) throw error
      }
    }
  }

  #require(outcome: ScriptOutcome): void {
    if (outcome !== 'done')
      throw new RefusedError(
        'Redis does not take the new view: it holds a newer one, is another dataset, or another database has claimed it',
      )
  }
}
