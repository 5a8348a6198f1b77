import type { Redis } from 'ioredis'
import type { ExchangeCache, ExchangeKind, Snapshot } from '../exchange/exchange.ts'
import type { Breaker } from './breaker.ts'
import { inTime } from './deadline.ts'
import type { KeyNames } from './keys.ts'
import { guard } from './redis-failures.ts'

export interface RedisExchangeDeps {
  readonly client: Redis
  readonly breaker: Breaker
  readonly names: KeyNames
  /** False while another database has the Redis: what is there is not of this one's users. */
  readonly isOurs: () => boolean
  readonly ttlMs: number
  /** Longest wait for a reply. */
  readonly timeoutMs: number
}

/**
 * The ExchangeCache over Redis. Not under the cache protocol: entries expire after their TTL anyway. It uses the client of
 * ioredis, not the lane: a body may be large, and fences must not wait behind it.
 */
export class RedisExchange implements ExchangeCache {
  readonly #client: Redis
  readonly #breaker: Breaker
  readonly #names: KeyNames
  readonly #isOurs: () => boolean
  readonly #ttlMs: number
  readonly #timeoutMs: number

  constructor({ client, breaker, names, isOurs, ttlMs, timeoutMs }: RedisExchangeDeps) {
    this.#client = client
    this.#breaker = breaker
    this.#isOurs = isOurs
    this.#names = names
    this.#ttlMs = ttlMs
    this.#timeoutMs = timeoutMs
  }

  async put(userId: string, kind: ExchangeKind, body: Buffer): Promise<void> {
    await this.#bestEffort(() =>
      this.#client.set(this.#names.exchange(userId, kind), body, 'PX', this.#ttlMs),
    )
  }

  async get(userId: string, kind: ExchangeKind): Promise<Snapshot | undefined> {
    const key = this.#names.exchange(userId, kind)
    const client = this.#client
    const found = await this.#bestEffort(() => Promise.all([client.getBuffer(key), client.pttl(key)]))
    if (found === undefined) return undefined
    const [body, leftMs] = found
    // Negative: gone, or expired between the two.
    if (body === null || leftMs < 0) return undefined
    return { body, ageSeconds: Math.max(0, Math.floor((this.#ttlMs - leftMs) / 1_000)) }
  }

  async remove(userId: string, kind: ExchangeKind): Promise<void> {
    await this.#bestEffort(() => this.#client.del(this.#names.exchange(userId, kind)))
  }

  async #bestEffort<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (!this.#breaker.closed || !this.#isOurs()) return undefined
    try {
      return await guard(this.#breaker, inTime(work(), this.#timeoutMs))
    } catch {
      return undefined
    }
  }
}
