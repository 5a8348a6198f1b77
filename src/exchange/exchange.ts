export type ExchangeKind = 'positions' | 'orders'
export const EXCHANGE_KINDS: readonly ExchangeKind[] = ['positions', 'orders']

export interface Snapshot {
  /** As it was put. */
  readonly body: Buffer
  /** Whole seconds since then. */
  readonly ageSeconds: number
}

/**
 * What the exchange said last of a user's positions and orders: kept for seconds, never in the database. No method
 * rejects because of Redis.
 */
export interface ExchangeCache {
  /** `body` is JSON. Nothing is kept when Redis is not usable. */
  put(userId: string, kind: ExchangeKind, body: Buffer): Promise<void>
  /** Undefined when nothing is kept, or Redis cannot be asked. */
  get(userId: string, kind: ExchangeKind): Promise<Snapshot | undefined>
  remove(userId: string, kind: ExchangeKind): Promise<void>
}

/** The ExchangeCache of a gateway without Redis. */
export const NO_EXCHANGE_CACHE: ExchangeCache = {
  put: async () => {},
  get: async () => undefined,
  remove: async () => {},
}
