import type { Marker } from '../consistency/cache-port.ts'

/** What `gateway:marker` holds, `<transaction id> <database>`; null when it is missing or anything else. */
export function markerIn(text: string | null): Marker | null {
  const [, xid, database] = /^(\d+) (.+)$/.exec(text ?? '') ?? []
  return xid === undefined || database === undefined ? null : { xid: BigInt(xid), database }
}
