import type { Lease } from './lease.ts'
import type { Outage } from './outage.ts'
import type { ClockPort, ObserverPort } from './ports.ts'
import type { View } from './views.ts'

/** A request of an instance without Redis to one that has it. `request` and replies are JSON. */
export interface HandoverRequest {
  readonly id: string
  readonly kind: HandoverKind
  readonly request: unknown
}

export type HandoverKind = 'fence' | 'draw'

export interface HandoverReply {
  readonly id: string
  readonly reply: unknown
}

/** Exchanges requests and replies through a table of PostgreSQL. Every method rejects with DatabaseUnavailableError. */
export interface HandoverPort {
  /** Leaves requests for the instances that hold a lease of `epoch`. */
  ask(epoch: number, requests: readonly HandoverRequest[]): Promise<void>
  /** Takes the replies to `ids` that have arrived. */
  replies(ids: readonly string[]): Promise<readonly HandoverReply[]>
  /** Takes requests of `epoch` that no other instance has taken; each is taken once. */
  take(epoch: number, limit: number): Promise<readonly HandoverRequest[]>
  answer(replies: readonly HandoverReply[]): Promise<void>
}

export interface HandoverDeps {
  readonly port: HandoverPort
  readonly clock: ClockPort
  readonly lease: Lease
  readonly outage: Outage
  readonly observer: ObserverPort
  /** Pause between two renewals: an instance with a lease looks for requests once in that time. */
  readonly renewMs: number
}

/** Carries out a request under the lease of `epoch`. An error is answered as `null`. */
export type HandoverHandler = (epoch: number, request: unknown) => Promise<unknown>

/** The reason of an OFF when this instance cannot reach the Redis of the view. */
export const UNREACHABLE = 'redis-unreachable'
/** Longest wait for another instance, in renewals: one until it looks, one for its work, one as a margin. */
const PATIENCE_RENEWALS = 3
/** Pause between two looks at the table while requests wait, or were served recently, milliseconds. */
const POLL_MS = 25
/** An instance that served a request keeps looking for so long, because an instance without Redis soon writes again. */
const SERVE_IDLE_MS = 1_000
/** Requests of this instance that wait at once; more would not be answered in time. */
const MAX_PENDING = 256
/** Requests taken in one statement. */
const MAX_TAKEN = 64

interface PendingRequest {
  readonly request: HandoverRequest
  readonly epoch: number
  sent: boolean
  readonly resolve: (reply: unknown) => void
}

/**
 * An instance that cannot reach Redis, while others can, must not turn the view OFF for all with each of its writes.
 * Its first write does, because the instance cannot know that others reach Redis. If another instance turns the view ON
 * afterwards, that one reaches Redis, and from then on it places the fences and draws the order numbers of this instance.
 *
 * A fence placed by another instance is as good as an own one: it is in the dataset of V before COMMIT, and the
 * writer holds the VIEW lock meanwhile. A request that is carried out late, or whose reply is lost, leaves a late or an
 * unneeded fence, which the protocol tolerates; a draw whose reply is lost burns its numbers.
 */
export class Handover {
  readonly #deps: HandoverDeps
  readonly #handlers = new Map<HandoverKind, HandoverHandler>()
  readonly #pending = new Map<string, PendingRequest>()
  #polling = false
  #serving = false
  #servedAt = Number.NEGATIVE_INFINITY
  /** The epoch of the OFF that this instance caused when it could not reach Redis. */
  #offAt: number | undefined

  constructor(deps: HandoverDeps) {
    this.#deps = deps
  }

  handle(kind: HandoverKind, handler: HandoverHandler): void {
    this.#handlers.set(kind, handler)
  }

  /** Turns the view OFF, because neither this instance nor, as far as known, another one reaches Redis. Resolves to the view. */
  async turnOff(epoch: number): Promise<View> {
    const view = await this.#deps.outage.turnOff(epoch, UNREACHABLE)
    this.#offAt = view.epoch
    return view
  }

  /** The same for the other layout, whose Redis this instance does not know. Resolves when its views are drained. */
  turnOtherLayoutOff(): Promise<void> {
    return this.#deps.outage.endOtherLayout()
  }

  /** True when the view, seen ON at `epoch`, was turned ON by an instance that reaches Redis although this one does not. */
  helps(epoch: number): boolean {
    if (this.#deps.lease.current() !== undefined) this.#offAt = undefined
    return this.#offAt !== undefined && epoch > this.#offAt && this.#pending.size < MAX_PENDING
  }

  /** Resolves to the reply; undefined when none arrived in time, or the request could not be stored. Never throws. */
  ask(epoch: number, kind: HandoverKind, request: unknown): Promise<unknown> {
    const { clock, renewMs } = this.#deps
    const id = clock.nonce()
    return new Promise(resolve => {
      const finish = (reply: unknown) => {
        if (this.#pending.delete(id)) resolve(reply)
      }
      this.#pending.set(id, { request: { id, kind, request }, epoch, sent: false, resolve: finish })
      void clock.sleep(PATIENCE_RENEWALS * renewMs).then(() => finish(undefined))
      void this.#poll()
    })
  }

  /** Call after each renewal that granted a lease; `waiting`: the database holds requests that no instance has taken. */
  serve(waiting: boolean): void {
    const { clock } = this.#deps
    if (this.#serving || !(waiting || clock.now() - this.#servedAt < SERVE_IDLE_MS)) return
    this.#serving = true
    this.#serve()
      .catch(error => this.#deps.observer.failed('handover', error))
      .finally(() => {
        this.#serving = false
      })
  }

  async #poll(): Promise<void> {
    if (this.#polling) return
    this.#polling = true
    const { clock, observer, port } = this.#deps
    try {
      while (this.#pending.size > 0) {
        await this.#send()
        for (const { id, reply } of await port.replies([...this.#pending.keys()])) {
          this.#pending.get(id)?.resolve(reply)
        }
        if (this.#pending.size > 0) await clock.sleep(POLL_MS)
      }
    } catch (error) {
      observer.failed('handover', error)
      for (const { resolve } of this.#pending.values()) resolve(undefined)
    } finally {
      this.#polling = false
    }
  }

  async #send(): Promise<void> {
    const unsent = [...this.#pending.values()].filter(({ sent }) => !sent)
    for (const each of unsent) each.sent = true
    for (const epoch of new Set(unsent.map(each => each.epoch))) {
      const requests = unsent.filter(each => each.epoch === epoch).map(({ request }) => request)
      await this.#deps.port.ask(epoch, requests)
    }
  }

  async #serve(): Promise<void> {
    const { clock, lease, port } = this.#deps
    let lookedAt = clock.now()
    for (;;) {
      const epoch = lease.current()?.v.epoch
      if (epoch === undefined) return
      const taken = await port.take(epoch, MAX_TAKEN)
      if (taken.length > 0) {
        await port.answer(await Promise.all(taken.map(each => this.#do(epoch, each))))
        lookedAt = clock.now()
        this.#servedAt = lookedAt
      } else if (clock.now() - lookedAt > SERVE_IDLE_MS) return
      else await clock.sleep(POLL_MS)
    }
  }

  async #do(epoch: number, { id, kind, request }: HandoverRequest): Promise<HandoverReply> {
    try {
      return { id, reply: (await this.#handlers.get(kind)?.(epoch, request)) ?? null }
    } catch {
      // The cache has counted and logged the error; the instance that asked continues without help.
      return { id, reply: null }
    }
  }
}
