import type { Message, ReceiverPort, WebhookObserverPort } from './ports.ts'

export interface DeliveryDeps {
  readonly receiver: ReceiverPort
  readonly observer: WebhookObserverPort
  /** Older events are dropped. */
  readonly maxAgeMs: number
  readonly signal: AbortSignal
}

/** The pause after a failure doubles from the first to the longest; half of it is drawn at random. */
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
/** A receiver that refuses an event so often will not take it. */
const MAX_REFUSALS = 5

/** Sends events one after the other, each until the receiver has it, refuses it, or it is too old. */
export class Delivery {
  readonly #deps: DeliveryDeps
  /** In a row, of all events: a receiver that is away is not asked faster for the next one. */
  #failures = 0

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
  }

  /**
   * `pause` waits between two tries. True when the receiver has the event, or never will; false when the process ends.
   * Rejects with what `pause` rejects with.
   */
  async deliver(message: Message, ageMs: number, pause: (ms: number) => Promise<void>): Promise<boolean> {
    const { receiver, observer, maxAgeMs, signal } = this.#deps
    const beganAt = performance.now() - ageMs
    let refusals = 0
    while (!signal.aborted) {
      const age = performance.now() - beganAt
      if (age > maxAgeMs) {
        observer.dropped(message.type, 'too-old')
        return true
      }
      observer.oldest(age)
      const { answer, detail } = await receiver.send(message, signal)
      if (signal.aborted && answer !== 'taken') return false
      observer.tried(message.type, answer, detail)
      if (answer === 'taken') {
        this.#failures = 0
        return true
      }
      if (answer === 'refused' && ++refusals >= MAX_REFUSALS) {
        this.#failures = 0
        observer.dropped(message.type, 'refused')
        return true
      }
      this.#failures++
      await pause(pauseAfter(this.#failures))
    }
    return false
  }
}

function pauseAfter(failures: number): number {
  const longest = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10))
  return longest / 2 + (Math.random() * longest) / 2
}
