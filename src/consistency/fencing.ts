import type { CacheFence, CachePort, ScriptOutcome } from './cache-port.ts'
import type { Change, DocumentRef, Row } from './document-rows.ts'
import { type Handover, UNREACHABLE } from './handover.ts'
import type { Lease } from './lease.ts'
import type { ClockPort, CodecPort, ObserverPort } from './ports.ts'
import type { ViewToken } from './views.ts'

export interface FencingDeps {
  readonly cache: CachePort
  readonly codec: CodecPort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly lease: Lease
  readonly handover: Handover
}

/** The request of a writer without Redis to an instance that has it. */
interface FenceRequest {
  readonly nonce: string
  readonly fences: readonly { readonly ref: DocumentRef; readonly version: number }[]
}

/** Content of one put, characters: Redis answers no other client while it stores it. */
const PUT_SIZE = 1_048_576

/** Tries of one fence: an unneeded fence does no harm, so it may be sent twice. */
const FENCE_TRIES = 2

/** `failure`: why the view is to be turned OFF. */
export type FenceResult =
  | { readonly standing: true; readonly nonce: string }
  | { readonly standing: false; readonly failure: string }

/** The part of a write in Redis: the fences before COMMIT, and the values after it. */
export class Fencing {
  readonly #deps: FencingDeps

  constructor(deps: FencingDeps) {
    this.#deps = deps
    deps.handover.handle('fence', (epoch, request) => this.#placeFor(epoch, request as FenceRequest))
  }

  /**
   * Each try has a nonce of its own, because the first one may arrive late and replace the fence of a later writer; it must
   * not bring back a nonce that a repair has already seen without a commit after it.
   */
  async place(v: ViewToken, changes: readonly Change[]): Promise<FenceResult> {
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
    return (await this.#placeElsewhere(v, changes)) ?? { standing: false, failure: UNREACHABLE }
  }

  /** Best effort: the write is acknowledged in any case, because the fence still stands. */
  async store(v: ViewToken, nonce: string, rows: readonly Row[]): Promise<void> {
    const { cache, codec, observer } = this.#deps
    const live = rows.filter(row => row.data !== null)
    const dead = rows.filter(row => row.data === null)
    try {
      for (const part of parts(live)) {
        await cache.put(
          v,
          nonce,
          part.map(row => ({ keys: codec.keys(row.ref), version: row.version, values: codec.encode(row) })),
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

  /** Lets another instance place the fences, if one is known to reach Redis. Undefined = it did not. */
  async #placeElsewhere(v: ViewToken, changes: readonly Change[]): Promise<FenceResult | undefined> {
    const { handover, clock } = this.#deps
    if (!handover.helps(v.epoch)) return undefined
    const nonce = clock.nonce()
    const request: FenceRequest = { nonce, fences: changes.map(({ ref, version }) => ({ ref, version })) }
    return (await handover.ask(v.epoch, 'fence', request)) === 'done' ? { standing: true, nonce } : undefined
  }

  /** Places the fences of a writer of another instance that cannot reach Redis. */
  async #placeFor(epoch: number, { nonce, fences }: FenceRequest): Promise<ScriptOutcome> {
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
}

/** The rows in groups of PUT_SIZE, or of one larger row. */
function parts(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const length = row.data?.length ?? 0
    size += length
    if (size > PUT_SIZE) {
      groups.push([])
      size = length
    }
    groups.at(-1)!.push(row)
  }
  return groups
}
