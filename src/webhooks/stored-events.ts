import { pause } from '../pause.ts'
import type { Delivery } from './delivery.ts'
import { changeMessage, endMessage } from './messages.ts'
import type { Position, WebhookObserverPort, WebhookStorePort } from './ports.ts'

export interface StoredEventsDeps {
  readonly store: WebhookStorePort
  readonly delivery: Pick<Delivery, 'deliver'>
  readonly observer: WebhookObserverPort
  /** Of this process. */
  readonly name: string
  readonly signal: AbortSignal
}

/** Between two looks while there is nothing to tell, or while another instance tells. */
const LOOK_MS = 500
/** Events read at once. */
const MOST = 100
/** An instance takes the place of another that died after this time; longer than a try and a wait. */
const LEASE_MS = 20_000
/** What was told is noted so often: what a crash repeats. */
const NOTE_MS = 1_000
/** While there is nothing to note the claim is kept so often. */
const KEEP_MS = 5_000

/**
 * Tells the receiver of every change of a document and of every end of a scheduled or bulk change, in order, at least
 * once. One instance at a time has the claim; what was told is noted with it, so that another goes on from there.
 */
export class StoredEvents {
  readonly #deps: StoredEventsDeps
  #position: Position | undefined
  /** Ends that were told and not noted. */
  #ends: bigint[] = []
  #notedAt = 0
  #loop: Promise<void> | undefined

  constructor(deps: StoredEventsDeps) {
    this.#deps = deps
  }

  /** Begins, once. */
  start(): void {
    this.#loop ??= this.#run()
  }

  /** Resolves when the loop has ended and the claim is given back; the signal must be aborted. */
  async stopped(): Promise<void> {
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal, observer } = this.#deps
    while (!signal.aborted) {
      try {
        if (!(await this.#round())) await pause(LOOK_MS, this.#deps.signal)
      } catch (error) {
        // What was told and not noted is told again.
        this.#position = undefined
        if (!(error instanceof ClaimLostError)) observer.failed(error)
        await pause(LOOK_MS, this.#deps.signal)
      }
    }
    // Another instance need not wait for the end of the claim.
    if (this.#position !== undefined) await this.#note(0).catch(error => observer.failed(error))
  }

  /** True when there may be more. */
  async #round(): Promise<boolean> {
    const { store, name, observer } = this.#deps
    if (this.#position === undefined) {
      this.#ends = []
      this.#position = await store.claim(name, LEASE_MS)
      this.#notedAt = performance.now()
    }
    if (this.#position === undefined) {
      observer.oldest(0)
      return false
    }
    const more = [await this.#tellEnds(), await this.#tellChanges(this.#position)]
    if (this.#isNotedBefore(KEEP_MS)) await this.#keep()
    return more.includes(true)
  }

  async #tellEnds(): Promise<boolean> {
    const { store, delivery } = this.#deps
    const ends = await store.ends(MOST)
    for (const end of ends) {
      if (!(await delivery.deliver(endMessage(end), end.ageMs, ms => this.#pause(ms)))) return false
      this.#ends.push(end.id)
      if (this.#isNotedBefore(NOTE_MS)) await this.#keep()
    }
    if (ends.length > 0) await this.#keep()
    return ends.length === MOST
  }

  async #tellChanges(position: Position): Promise<boolean> {
    const { store, delivery, observer } = this.#deps
    const changes = await store.changes(position, MOST)
    if (changes.length === 0) observer.oldest(0)
    for (const change of changes) {
      if (!(await delivery.deliver(changeMessage(change), change.ageMs, ms => this.#pause(ms)))) return false
      this.#position = change
      if (this.#isNotedBefore(NOTE_MS)) await this.#keep()
    }
    if (changes.length > 0) await this.#keep()
    return changes.length === MOST
  }

  #isNotedBefore(ms: number): boolean {
    return performance.now() - this.#notedAt > ms
  }

  async #keep(): Promise<void> {
    if (!(await this.#note(LEASE_MS))) throw new ClaimLostError()
    this.#ends = []
  }

  async #note(leaseMs: number): Promise<boolean> {
    this.#notedAt = performance.now()
    return this.#deps.store.note(this.#deps.name, leaseMs, this.#position!, this.#ends)
  }

  /** A wait between two tries, in which the claim is kept. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms
    while (!this.#deps.signal.aborted) {
      await this.#keep()
      const left = until - performance.now()
      if (left <= 0) return
      await pause(Math.min(left, KEEP_MS), this.#deps.signal)
    }
  }
}

/** Another instance tells now: this one stood still for longer than its claim. */
class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError'
}
