import { isIP } from 'node:net'
import type { Variables } from './variables.ts'

/** Ranges that have a name. */
const NAMED = new Set(['loopback', 'linklocal', 'uniquelocal'])
const PREFIX_BITS = { 4: 32, 6: 128 }

/** The addresses and networks of TRUST_PROXY. Undefined = not set. */
export function trustedProxies(
  { TRUST_PROXY: text }: Variables,
  faults: string[],
): readonly string[] | undefined {
  const proxies = text?.split(',').map(item => item.trim())
  for (const proxy of proxies ?? []) {
    if (isRange(proxy)) continue
    faults.push(
      `TRUST_PROXY: ${JSON.stringify(proxy)} is no address, no network such as 10.0.0.0/8, nor loopback, linklocal or uniquelocal`,
    )
  }
  return proxies
}

function isRange(text: string): boolean {
  if (NAMED.has(text)) return true
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address) as 0 | 4 | 6
  if (family === 0 || rest.length > 0) return false
  // With a prefix of 0 every caller would be believed.
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= PREFIX_BITS[family])
}
