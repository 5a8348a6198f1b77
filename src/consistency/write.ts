import { refId } from './batch-reader.ts'
import type { CacheFence, CachePort, ScriptOutcome } from './cache-port.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { Handover } from './handover.ts'
import type { Lease } from './lease.ts'
import type { Outage } from './outage.ts'
import type {
  Change,
  ChangeMeta,
  ClockPort,
  CodecPort,
  DocumentRef,
  ObserverPort,
  Row,
  StorePort,
  ViewToken,
  WriteTransaction,
} from './ports.ts'
import { DatabaseUnavailableError, WriteConflictError } from './ports.ts'
import { WriteQueue } from './write-queue.ts'

/** A change as the caller plans it under the row locks; the version is the protocol's business. */
export interface PlannedChange {
  readonly ref: DocumentRef
  readonly data: string | null
  readonly changes: string
}

/** What to store, given the rows. Pure; may throw to give up (the transaction is rolled back). */
export interface Decision<T> {
  readonly changes: readonly PlannedChange[]
  readonly result: T
}

export interface WriteResult<T> {
  readonly result: T
  /** The stored rows, in the order of the changes; empty when nothing changed. */
  readonly rows: readonly Row[]
}

export interface WriteDeps {
  readonly store: StorePort
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly lease: Lease
  readonly outage: Outage
  readonly handover: Handover
  readonly check: DatabaseCheck
}

/** What a writer without Redis asks of an instance that has it. */
interface FenceRequest {
  readonly nonce: string
  readonly fences: readonly { readonly ref: DocumentRef; readonly version: number }[]
}

/** Tries of one write: the view may turn OFF, and ON again, between them. */
const MAX_TRIES = 5
/** A fence does no harm where it is not needed, so it is sent again once. */
const FENCE_TRIES = 2
/** Why a view is turned OFF whose Redis cannot be reached from here. */
export const UNREACHABLE = 'redis-unreachable'

type FenceResult =
  | { readonly standing: true; readonly nonce: string }
  | { readonly standing: false; readonly failure: string }

/** The write of docs/consistency.md. */
export class Writer {
  readonly #deps: WriteDeps
  readonly #queue: WriteQueue

  constructor(deps: WriteDeps) {
    this.#deps = deps
    this.#queue = new WriteQueue(deps.clock, () => deps.outage.draining)
    deps.handover.handle('fence', (epoch, request) => this.#fenceFor(epoch, request as FenceRequest))
  }

  /**
   * Reads the documents under their row locks, lets `decide` plan, stores all changes in one transaction and
   * makes the cache follow. Throws what `decide` throws, WriteQueueFullError, DatabaseUnavailableError (nothing
   * stored) or CommitUnknownError.
   */
  write<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
  ): Promise<WriteResult<T>> {
    return this.#queue.run(refs.map(refId), () => this.#write(refs, decide, meta))
  }

  async #write<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
  ): Promise<WriteResult<T>> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const done = await this.#try(refs, decide, meta)
      if (done !== undefined) return done
    }
    throw new DatabaseUnavailableError('the cache view changed too often during one write')
  }

  /** Undefined = try again: the view was not fit for a write (it is by now), or a row was changed by hand meanwhile. */
  async #try<T>(
    refs: readonly DocumentRef[],
    decide: (rows: ReadonlyMap<string, Row>) => Decision<T>,
    meta: ChangeMeta,
  ): Promise<WriteResult<T> | undefined> {
    const { store, cache, observer, outage, check } = this.#deps
    const tx = await store.beginWrite(refs)
    const { view } = tx
    let nonce = ''
    let rows: readonly Row[]
    let decision: Decision<T>
    let changes: Change[]
    try {
      await observer.step('write.locked')
      if (!(await check.admits(tx))) return undefined
      const current = new Map(tx.rows.map(row => [refId(row.ref), row]))
      decision = decide(current)
      changes = decision.changes.map(change => {
        const previous = current.get(refId(change.ref))?.version ?? 0
        return { ...change, previous, version: Math.max(previous + 1, tx.versionBase) }
      })
      if (changes.length === 0) {
        await tx.rollback()
        return { result: decision.result, rows: [] }
      }
      if (view.mode === 'ON') {
        const fence = await this.#fence(tokenOf(tx), changes)
        if (!fence.standing) {
          await tx.rollback()
          const off = await outage.turnOff(view.epoch, fence.failure)
          if (fence.failure === UNREACHABLE) this.#deps.handover.turnedOff(off.epoch)
          if (off.mode === 'OFF' && !off.drained) await outage.drained(off)
          return undefined
        }
        nonce = fence.nonce
      } else if (!view.drained) {
        await tx.rollback()
        await outage.drained(view)
        return undefined
      }
      await observer.step('write.fenced')
      rows = await tx.applyAndCommit(changes, meta)
    } catch (error) {
      await tx.rollback()
      if (error instanceof WriteConflictError) return undefined
      throw error
    }
    await observer.step('write.committed')
    if (view.mode === 'ON') await this.#store(cache, tokenOf(tx), nonce, rows)
    await observer.step('write.put')
    return { result: decision.result, rows }
  }

  /**
   * Each try has a nonce of its own: the first one may arrive late, in the place of a later writer's fence, and must not
   * bring back a nonce that a repair has already seen without a commit behind it.
   */
  async #fence(v: ViewToken, changes: readonly Change[]): Promise<FenceResult> {
    const { cache, clock } = this.#deps
    const fences = changes.map(change => this.#fenceOf(change))
    for (let tries = 0; tries < FENCE_TRIES && cache.usable; tries++) {
      const nonce = clock.nonce()
      try {
        const outcome = await cache.fence(v, nonce, fences)
        if (outcome === 'done') return { standing: true, nonce }
        return { standing: false, failure: outcome === 'view' ? 'redis-lost-view' : 'redis-ahead' }
      } catch {
        // Down, hung, or the reply was lost; the breaker has counted it.
      }
    }
    return (await this.#fenceElsewhere(v, changes)) ?? { standing: false, failure: UNREACHABLE }
  }

  /** Another instance places the fences, if it is known that one can. Undefined = it did not. */
  async #fenceElsewhere(v: ViewToken, changes: readonly Change[]): Promise<FenceResult | undefined> {
    const { handover, clock } = this.#deps
    if (!handover.helps(v.epoch)) return undefined
    const nonce = clock.nonce()
    const request: FenceRequest = { nonce, fences: changes.map(({ ref, version }) => ({ ref, version })) }
    return (await handover.ask(v.epoch, 'fence', request)) === 'done' ? { standing: true, nonce } : undefined
  }

  /** The other side of it: the fences of a writer that cannot reach Redis. */
  async #fenceFor(epoch: number, { nonce, fences }: FenceRequest): Promise<ScriptOutcome> {
    const { cache, lease } = this.#deps
    const v = lease.current()?.v
    if (v?.epoch !== epoch) return 'view'
    return cache.fence(
      v,
      nonce,
      fences.map(fence => this.#fenceOf(fence)),
    )
  }

  #fenceOf(change: { readonly ref: DocumentRef; readonly version: number }): CacheFence {
    return { keys: this.#deps.codec.keys(change.ref), min: change.version }
  }

  /** Best effort: the write is acknowledged in any case, because the fence still stands. */
  async #store(cache: CachePort, v: ViewToken, nonce: string, rows: readonly Row[]): Promise<void> {
    const { codec, observer } = this.#deps
    const live = rows.filter(row => row.data !== null)
    const dead = rows.filter(row => row.data === null)
    try {
      if (live.length > 0) {
        await cache.put(
          v,
          nonce,
          live.map(row => ({ keys: codec.keys(row.ref), version: row.version, values: codec.encode(row) })),
        )
      }
      if (dead.length > 0)
        await cache.erase(
          v,
          nonce,
          dead.map(row => this.#fenceOf(row)),
        )
    } catch (error) {
      observer.failed('put', error)
    }
  }
}

function tokenOf(tx: WriteTransaction): ViewToken {
  return { epoch: tx.view.epoch, database: tx.view.database!, identity: tx.view.identity! }
}
