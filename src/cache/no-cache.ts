import { type CachePort, CacheUnavailableError } from '../consistency/cache-port.ts'

/** A CachePort that is never usable; `why` is for logs. */
export function noCache(why: string): CachePort {
  const unavailable = () => new CacheUnavailableError(why)
  const none = () => Promise.reject(unavailable())
  return {
    usable: false,
    read: none,
    readHeads: (_keys, _stampKey, answered) => answered(unavailable(), undefined),
    identify: none,
    fence: none,
    put: none,
    makeStamps: none,
    fill: none,
    unfence: none,
    erase: none,
    adopt: none,
    cold: none,
    sweep: none,
    hold: none,
    claim: none,
    readMarker: none,
    proposeMarker: none,
    advanceMarker: none,
  }
}

/** The CachePort of a gateway without Redis: everything is answered from PostgreSQL. */
export const NO_CACHE: CachePort = noCache('no Redis is configured')
