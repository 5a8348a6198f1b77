import { isIPv6 } from 'node:net'

/** Of 16 bits each: 64 bits, the smallest network that providers give to one customer. */
const NETWORK_GROUPS = 4

/**
 * Whom a remote address stands for: an IPv4 address for itself, an IPv6 address for its /64, because whoever has one
 * of them has all of them. What is no address stands for itself.
 */
export function remoteNetwork(address: string): string {
  // What a socket that listens on :: says of IPv4; their common /64 would be everybody.
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array(8 - before.length - after.length).fill(0)
  const network = [...before, ...zeros, ...after].slice(0, NETWORK_GROUPS)
  return `${network.map(group => group.toString(16)).join(':')}::/64`
}

/** A last group in dotted form is two; its value does not matter, it is never part of the network. */
function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap(group => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]))
}
