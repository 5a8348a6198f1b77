import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

/** What may become of one message of a kind: probabilities, and how long one that is held may stay away. */
export interface Fate {
  readonly lose: number
  readonly hold: number
  readonly holdMs: number
  /** It is carried out a second time, and nobody hears of it. */
  readonly repeat: number
  /** Its sender stands still right after sending it. */
  readonly stop: number
}

export interface Call {
  readonly process: SimProcess
  /** `redis.put`, `postgres.commit`, ... */
  readonly kind: string
  readonly timeoutMs: number
  /** The server's work. What it throws travels back as an answer, NO_ANSWER excepted. */
  readonly execute: () => unknown
  readonly timedOut: () => Error
}

/**
 * Requests and replies between gateways and servers. Each is a message that may overtake others, be lost, or arrive
 * long after the caller gave up: a lost reply has had its effect, a late request still has it.
 */
export class Network {
  /** No message is lost or held any more. */
  healed = false
  lost = 0
  held = 0
  stopped = 0
  repeated = 0
  /** Messages that are being held just now. */
  underWay = 0
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #fateOf: (kind: string) => Fate

  constructor(timeline: Timeline, random: Random, fateOf: (kind: string) => Fate) {
    this.#timeline = timeline
    this.#random = random
    this.#fateOf = fateOf
  }

  call<T>(call: Call): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settled = false
      const settle = (action: () => void) => {
        if (settled) return
        settled = true
        cancel()
        action()
      }
      const cancel = call.process.later(call.timeoutMs, () => settle(() => reject(call.timedOut())))
      const answer = (action: () => void) =>
        this.#carry(`${call.kind}.reply`, () => call.process.run(() => settle(action)))
      this.#carry(call.kind, async () => {
        let result: T
        try {
          result = (await call.execute()) as T
        } catch (error) {
          if (error !== NO_ANSWER) answer(() => reject(error))
          return
        }
        answer(() => resolve(result))
      })
      this.#maybeRepeat(call)
      this.#maybeStop(call)
    })
  }

  /** What a proxy that sends a message twice does; the second answer has no reader. */
  #maybeRepeat({ kind, execute }: Call): void {
    const { repeat, holdMs } = this.#fateOf(kind)
    if (this.healed || !this.#random.chance(repeat)) return
    this.repeated++
    this.underWay++
    this.#timeline.later(this.#random.between(0, holdMs), () => {
      this.underWay--
      void this.#timeline.hop().then(async () => {
        try {
          await execute()
        } catch {
          // The server's refusal has no reader either.
        }
      })
    })
  }

  #maybeStop({ process, kind }: Call): void {
    const { stop, holdMs } = this.#fateOf(kind)
    if (this.healed || !this.#random.chance(stop)) return
    this.stopped++
    process.stop(this.#random.between(0, holdMs), false)
  }

  #carry(kind: string, arrive: () => void): void {
    const fate = this.#fateOf(kind)
    if (!this.healed && this.#random.chance(fate.lose)) {
      this.lost++
      return
    }
    if (this.healed || !this.#random.chance(fate.hold)) {
      void this.#timeline.hop().then(arrive)
      return
    }
    this.held++
    this.underWay++
    this.#timeline.later(this.#random.between(0, fate.holdMs), () => {
      this.underWay--
      void this.#timeline.hop().then(arrive)
    })
  }
}

/** Thrown by `execute` when the server is gone: no answer ever comes. */
export const NO_ANSWER = Symbol('no answer')
