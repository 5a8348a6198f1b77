import { isIPv6 } from 'node:net'

/** Four groups of 16 bits: the /64 is the smallest network that providers give to one customer. */
const NETWORK_GROUPS = 4

/**
 * The key under which requests of a remote address are counted: an IPv4 address itself, the /64 of an IPv6 address, because
 * a host with one address of a /64 can use all of them. A text that is no address is its own key.
 */
export function remoteNetwork(address: string): string {
  // A socket that listens on :: reports IPv4 addresses in this form; one /64 would contain all of them.
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

/** A last group in dotted form counts as two; its value does not matter, because it is never part of the network. */
function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap(group => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]))
}
