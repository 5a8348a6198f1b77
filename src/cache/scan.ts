import { type Reply, RespProtocolError } from './resp.ts'

/** One page of SCAN: where the next one begins ('0' = nowhere), and names of keys. RespProtocolError. */
export function parseScanPage(reply: Reply): { readonly cursor: string; readonly keys: readonly string[] } {
  const [cursor, keys] = Array.isArray(reply) ? reply : []
  if (!(cursor instanceof Buffer) || !Array.isArray(keys))
    throw new RespProtocolError('Redis sent an unexpected reply to SCAN')
  return { cursor: cursor.toString(), keys: keys.map(String) }
}
