import { pause } from '../pause.ts'
import type { Delivery } from './delivery.ts'
import { instanceMessage } from './messages.ts'
import type { Message, WebhookObserverPort } from './ports.ts'

export interface InstanceEventsDeps {
  readonly delivery: Pick<Delivery, 'deliver'>
  readonly observer: WebhookObserverPort
  /** Names the machine to operators. */
  readonly instance: string
  readonly signal: AbortSignal
}

/** The oldest go first: a breaker that flaps while the receiver is away must not fill the memory. */
const MAX_WAITING = 100

/** Tells the receiver what this instance sees of Redis. In memory: what waits is lost with the process. */
export class InstanceEvents {
  readonly #deps: InstanceEventsDeps
  readonly #waiting: { readonly message: Message; readonly at: number }[] = []
  #loop: Promise<void> | undefined

  constructor(deps: InstanceEventsDeps) {
    this.#deps = deps
  }

  /** Returns at once and never throws. */
  add(type: string, details: object): void {
    const { observer, instance, signal } = this.#deps
    if (signal.aborted) return
    if (this.#waiting.length === MAX_WAITING)
      observer.dropped(this.#waiting.shift()!.message.type, 'too-many')
    this.#waiting.push({ message: instanceMessage(type, instance, details), at: performance.now() })
    this.#loop ??= this.#run()
  }

  /** Resolves when nothing is under way; the signal must be aborted. */
  async stopped(): Promise<void> {
    await this.#loop
  }

  async #run(): Promise<void> {
    const { delivery, signal } = this.#deps
    while (!signal.aborted && this.#waiting.length > 0) {
      const { message, at } = this.#waiting.shift()!
      await delivery.deliver(message, performance.now() - at, ms => pause(ms, signal))
    }
    this.#loop = undefined
  }
}
