export type ExchangeKind = 'positions' | 'orders'
export const EXCHANGE_KINDS: readonly ExchangeKind[] = ['positions', 'orders']

export interface Snapshot {
  /** As it was put. */
  readonly body: Buffer
  /** Whole seconds since then. */
  readonly ageSeconds: number
}

/**
 * The last positions and orders that the bot read from the exchange for a user. They expire after seconds and are never in
 * the database. No method rejects because of Redis.
 */
export interface ExchangeCache {
  /** `body` is JSON. It is dropped when Redis is not usable. */
  put(userId: string, kind: ExchangeKind, body: Buffer): Promise<void>
  /** Undefined when there is none, or Redis is not usable. */
  get(userId: string, kind: ExchangeKind): Promise<Snapshot | undefined>
  remove(userId: string, kind: ExchangeKind): Promise<void>
}

/** The ExchangeCache of a gateway without Redis. */
export const NO_EXCHANGE_CACHE: ExchangeCache = {
  put: async () => {},
  get: async () => undefined,
  remove: async () => {},
}
