import type { FastifyBaseLogger } from 'fastify'
import type { ObserverPort } from '../consistency/ports.ts'
import type { Answer, DropCause, WebhookObserverPort } from '../webhooks/ports.ts'
import type { Telemetry } from './telemetry.ts'

type Counts = Pick<Telemetry, 'webhookTried' | 'webhookDropped' | 'webhookOldest'>

/** A receiver that is away for a day must not fill the log. */
const REPEAT_MS = 60_000

/** Counts what the receiver is told; one line of the log when it stops taking events, each minute, and when it takes them again. */
export class WebhooksObserver implements WebhookObserverPort {
  readonly #log: FastifyBaseLogger
  readonly #telemetry: Counts
  readonly #observer: Pick<ObserverPort, 'failed'>
  /** `host:port`: the rest of the URL may be a secret. */
  readonly #receiver: string
  #isAway = false
  #troubleAt = Number.NEGATIVE_INFINITY
  #droppedAt = Number.NEGATIVE_INFINITY
  #dropped = 0

  constructor(
    log: FastifyBaseLogger,
    telemetry: Counts,
    observer: Pick<ObserverPort, 'failed'>,
    receiver: string,
  ) {
    this.#log = log
    this.#telemetry = telemetry
    this.#observer = observer
    this.#receiver = receiver
  }

  tried(type: string, answer: Answer, detail: string): void {
    this.#telemetry.webhookTried(type, answer)
    const receiver = this.#receiver
    if (answer === 'taken') {
      if (this.#isAway) this.#log.info({ receiver }, 'the receiver of webhooks takes events again')
      this.#isAway = false
      this.#troubleAt = Number.NEGATIVE_INFINITY
      return
    }
    this.#isAway = true
    if (performance.now() - this.#troubleAt < REPEAT_MS) return
    this.#troubleAt = performance.now()
    this.#log.warn(
      { receiver, type, reason: detail },
      'the receiver of webhooks did not take an event, it is tried again',
    )
  }

  dropped(type: string, cause: DropCause): void {
    this.#telemetry.webhookDropped(type, cause)
    this.#dropped++
    if (performance.now() - this.#droppedAt < REPEAT_MS) return
    this.#droppedAt = performance.now()
    this.#log.error(
      { receiver: this.#receiver, type, cause, dropped: this.#dropped },
      'webhooks were dropped: the receiver will not hear of them',
    )
    this.#dropped = 0
  }

  oldest(ageMs: number): void {
    this.#telemetry.webhookOldest(ageMs)
  }

  failed(error: unknown): void {
    this.#observer.failed('webhooks', error)
  }
}
