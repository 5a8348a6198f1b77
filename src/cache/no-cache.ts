import { type CachePort, CacheUnavailableError } from '../consistency/cache-port.ts'

const none = () => Promise.reject(new CacheUnavailableError('no Redis is configured'))

/** The CachePort of a gateway without Redis: everything is answered from PostgreSQL. */
export const NO_CACHE: CachePort = {
  usable: false,
  read: none,
  readHeads: none,
  identify: none,
  fence: none,
  put: none,
  unfence: none,
  erase: none,
  adopt: none,
  cold: none,
  readMarker: none,
  advanceMarker: none,
}
