import { type CachePort, CacheUnavailableError } from '../consistency/cache-port.ts'

const unavailable = () => new CacheUnavailableError('no Redis is configured')
const none = () => Promise.reject(unavailable())

/** The CachePort of a gateway without Redis: everything is answered from PostgreSQL. */
export const NO_CACHE: CachePort = {
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
