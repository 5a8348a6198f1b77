import type { HealthReport } from '../settings/status-service.ts'
import { EtagCache } from './etag-cache.ts'
import { type CallOptions, Requests } from './requests.ts'
import { Transport, type TransportOptions } from './transport.ts'
import { UserSettings } from './user-settings.ts'

/** `settings-gateway/client`: what callers import. */

export type { ChangeReport, Comparison, HistoryEntry } from '../settings/service.ts'
export type * from './documents.ts'
export * from './errors.ts'
export type { ExchangeCache } from './exchange.ts'
export type { DefaultsScope, PutOptions, UpdateOptions } from './options.ts'
export type { CallOptions, Reading } from './requests.ts'
export type { UserSettings } from './user-settings.ts'
export type { WatchEvent, WatchOptions } from './watch.ts'

export interface ClientOptions extends TransportOptions {
  /** Answers that are remembered for If-None-Match; 1,000 if not given, 0 = none. */
  readonly rememberedAnswers?: number
}

/** Most watches at once. */
const STREAMS = 10_000

/**
 * The settings gateway for Node. One for the whole process: it keeps the connections and what was read. Breaking the
 * circuit is left to the caller, who knows what to do instead.
 */
export class SettingsClient {
  readonly #transport: Transport
  readonly #streams: Transport
  readonly #etags: EtagCache

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options)
    this.#streams = new Transport({ ...options, connections: STREAMS })
    this.#etags = new EtagCache(options.rememberedAnswers ?? 1_000)
  }

  /** A user's settings. Without an id: those of the token's own user. */
  user(userId?: string): UserSettings {
    const [transport, streams, etags] = [this.#transport, this.#streams, this.#etags]
    return new UserSettings(new Requests({ transport, streams, etags, userId }))
  }

  /** Creates a user from the defaults; false when there is one already. Needs a service or an admin. */
  async createUser(userId: string, { signal }: CallOptions = {}): Promise<boolean> {
    // Harmless twice: the second finds the user.
    const { status } = await this.#transport.send({
      method: 'POST',
      path: '/api/users',
      body: { user_id: userId },
      safe: true,
      signal,
    })
    return status === 201
  }

  /** How the gateway is, `unhealthy` included. */
  async health({ signal }: CallOptions = {}): Promise<HealthReport> {
    const { body } = await this.#transport.send({
      method: 'GET',
      path: '/health',
      accept: 503,
      safe: true,
      signal,
    })
    return JSON.parse(body)
  }

  /** Ends the connections; requests and watches that are in flight fail. */
  async close(): Promise<void> {
    await Promise.all([this.#transport.close(), this.#streams.close()])
  }
}
