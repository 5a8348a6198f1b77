import type { ExchangeKind } from './answers.ts'
import { NotFoundError } from './errors.ts'
import type { CallOptions } from './options.ts'
import type { Requests } from './requests.ts'

/**
 * What the exchange said last, kept by the gateway for seconds. Any JSON; integers beyond 2^53 - 1 are bigint, both
 * ways.
 */
export class ExchangeCache {
  readonly #requests: Requests

  /** @internal */
  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** Undefined when nothing is kept (any more), or Redis is down. */
  async get(kind: ExchangeKind, options?: CallOptions): Promise<unknown> {
    try {
      return await this.#requests.json(routeOf(kind), options)
    } catch (error) {
      if (error instanceof NotFoundError && error.code === 'CACHE_MISS') return undefined
      throw error
    }
  }

  /** Sent once only: a second one could replace something newer. TypeError when the value is not JSON. */
  async put(kind: ExchangeKind, value: unknown, options?: CallOptions): Promise<void> {
    if (value === undefined) throw new TypeError('undefined is not JSON')
    await this.#requests.plain('PUT', routeOf(kind), { body: value, safe: false, ...options })
  }

  async delete(kind: ExchangeKind, options?: CallOptions): Promise<void> {
    await this.#requests.plain('DELETE', routeOf(kind), { safe: true, ...options })
  }
}

function routeOf(kind: ExchangeKind): string {
  return `/api/binance/${encodeURIComponent(kind)}`
}
