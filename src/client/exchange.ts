import type { ExchangeKind } from '../exchange/exchange.ts'
import { NotFoundError } from './errors.ts'
import type { CallOptions, Requests } from './requests.ts'

/** What the exchange said last, kept by the gateway for seconds. Any JSON. */
export class ExchangeCache {
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** Undefined when nothing is kept (any more), or Redis is down. */
  async get(kind: ExchangeKind, options?: CallOptions): Promise<unknown> {
    try {
      return await this.#requests.json(`/api/binance/${kind}`, options)
    } catch (error) {
      if (error instanceof NotFoundError && error.code === 'CACHE_MISS') return undefined
      throw error
    }
  }

  /** Sent once only: a second one could replace something newer. */
  put(kind: ExchangeKind, value: unknown, options?: CallOptions): Promise<void> {
    return this.#requests.write('PUT', `/api/binance/${kind}`, { body: value, safe: false, ...options })
  }

  delete(kind: ExchangeKind, options?: CallOptions): Promise<void> {
    return this.#requests.write('DELETE', `/api/binance/${kind}`, { safe: true, ...options })
  }
}
