import { Delivery } from './delivery.ts'
import { InstanceEvents } from './instance-events.ts'
import type { ReceiverPort, WebhookObserverPort, WebhookStorePort } from './ports.ts'
import { StoredEvents } from './stored-events.ts'

export interface WebhooksDeps {
  readonly store: WebhookStorePort
  readonly receiver: ReceiverPort & { close(): Promise<void> }
  readonly observer: WebhookObserverPort
  /** Unique among all processes. */
  readonly name: string
  /** Names the machine to operators. */
  readonly instance: string
}

/** A receiver may be away for so long before it misses something; `add_webhook_event` has the same. */
const STORED_MAX_AGE_MS = 24 * 60 * 60_000
/** News of one instance are of no use later. */
const INSTANCE_MAX_AGE_MS = 60 * 60_000

/** Tells the receiver at WEBHOOK_URL, in the background: no request waits for it or fails with it. */
export class Webhooks {
  readonly #end = new AbortController()
  readonly #receiver: WebhooksDeps['receiver']
  readonly #stored: StoredEvents
  readonly #instance: InstanceEvents

  constructor({ store, receiver, observer, name, instance }: WebhooksDeps) {
    const { signal } = this.#end
    const delivery = (maxAgeMs: number, watcher: WebhookObserverPort) =>
      new Delivery({ receiver, observer: watcher, maxAgeMs, signal })
    this.#receiver = receiver
    this.#stored = new StoredEvents({
      store,
      delivery: delivery(STORED_MAX_AGE_MS, observer),
      observer,
      name,
      signal,
    })
    this.#instance = new InstanceEvents({
      // The age that operators look at is that of stored events.
      delivery: delivery(INSTANCE_MAX_AGE_MS, {
        tried: observer.tried.bind(observer),
        dropped: observer.dropped.bind(observer),
        failed: observer.failed.bind(observer),
        oldest: () => {},
      }),
      observer,
      instance,
      signal,
    })
  }

  /** Begins to tell what is stored, once. */
  start(): void {
    this.#stored.start()
  }

  /** Tells what this instance saw. Returns at once. */
  tell(type: string, details: object): void {
    this.#instance.add(type, details)
  }

  /** Resolves when nothing is sent any more and another instance can go on. */
  async stop(): Promise<void> {
    this.#end.abort()
    await Promise.all([this.#stored.stopped(), this.#instance.stopped()])
    await this.#receiver.close()
  }
}
