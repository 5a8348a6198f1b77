import { Admin } from './admin.ts'
import type { HealthReport } from './answers.ts'
import { EtagCache } from './etag-cache.ts'
import { Fallback } from './fallback.ts'
import type { CallOptions, ClientOptions, UserOptions } from './options.ts'
import { Requests } from './requests.ts'
import { Transport } from './transport.ts'
import { UserSettings } from './user-settings.ts'

/** `settings-gateway-client`: what callers import. */

export type { Admin, DefaultsFile } from './admin.ts'
export type * from './answers.ts'
export type { BulkChanges } from './bulk-changes.ts'
export type * from './documents.ts'
export {
  AccessError,
  type Code,
  InvalidRequestError,
  NotFoundError,
  type Problem,
  ProblemError,
  RateLimitedError,
  UnavailableError,
  UnreachableError,
  VersionMismatchError,
} from './errors.ts'
export type { ExchangeCache } from './exchange.ts'
export type * from './later.ts'
export type * from './options.ts'
export type { UserSettings } from './user-settings.ts'

/** Most watches at once. */
const STREAMS = 10_000
/** All documents of a user at their largest, with the gateway's default limits, and some more. */
const MAX_ANSWER_BYTES = 64 * 1_024 * 1_024

/**
 * The settings gateway for Node. One for the whole process: it keeps the connections and what was read. Breaking the
 * circuit is left to the caller, who knows what to do instead.
 */
export class SettingsClient {
  /** What only admins may. */
  readonly admin: Admin
  readonly #transport: Transport
  readonly #streams: Transport
  readonly #etags: EtagCache
  readonly #fallback: Fallback | undefined

  constructor(options: ClientOptions) {
    this.#transport = new Transport({ ...options, maxAnswerBytes: MAX_ANSWER_BYTES })
    this.#streams = new Transport({ ...options, connections: STREAMS })
    this.#etags = new EtagCache(options.rememberedAnswers ?? 1_000)
    this.#fallback = options.fallback === undefined ? undefined : new Fallback(options.fallback)
    // The defaults are no user's settings: nothing trades by the last known ones.
    this.admin = new Admin(this.#requests(undefined, undefined))
  }

  /** A user's settings. Without an id: those of the token's own user. */
  user(userId?: string, { actor }: UserOptions = {}): UserSettings {
    return new UserSettings(this.#requests(userId, this.#fallback, actor))
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
    const { value } = await this.#transport.send({
      method: 'GET',
      path: '/health',
      accept: 503,
      safe: true,
      signal,
    })
    return value as HealthReport
  }

  /** Ends the connections; requests and watches that are in flight fail. Resolves when the fallback's file is written. */
  async close(): Promise<void> {
    await Promise.all([this.#transport.close(), this.#streams.close(), this.#fallback?.close()])
  }

  #requests(userId: string | undefined, fallback: Fallback | undefined, actor?: string): Requests {
    const [transport, streams, etags] = [this.#transport, this.#streams, this.#etags]
    return new Requests({ transport, streams, etags, fallback, userId, actor })
  }
}
