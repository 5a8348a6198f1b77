/**
 * An end that was given as a time of day, such as `exp` of a token, held on both clocks: it has come when either of them
 * says so. A wall clock that steps back does not prolong it, and one that steps ahead still ends it.
 */
export interface Expiry {
  /** Milliseconds since 1970. */
  readonly wall: number
  /** Monotonic milliseconds. */
  readonly monotonic: number
}

/** The expiry at `wall` (milliseconds since 1970, Infinity = never), or `mostMs` from now when that is earlier. */
export function expiryAt(wall: number, mostMs = Number.POSITIVE_INFINITY): Expiry {
  return { wall, monotonic: performance.now() + Math.min(wall - Date.now(), mostMs) }
}

export function hasExpired({ wall, monotonic }: Expiry): boolean {
  return performance.now() >= monotonic || Date.now() >= wall
}
