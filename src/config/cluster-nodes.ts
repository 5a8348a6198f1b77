import { bareHost, decodePart, parseAddress, type ServerAddress } from './addresses.ts'
import type { Variables } from './variables.ts'

/** A Redis Cluster: `nodes` are asked who the others are. */
export interface ClusterTarget {
  readonly kind: 'cluster'
  readonly nodes: readonly ServerAddress[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
}

const NAME = 'REDIS_CLUSTER_NODES'
const SYNTAX = `${NAME} must be host:port,host:port, or [redis|rediss]://[user:password@]host:port,...`
const DEFAULT_PORT = 6379
/** What contradicts it, because it names another Redis. */
const OTHERS = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS', 'REDIS_SENTINEL_NAME', 'REDIS_PORT'] as const

/** One item of the list. */
interface NodeText {
  readonly address: ServerAddress | undefined
  readonly tls: boolean | undefined
  readonly username: string | undefined
  readonly password: string | undefined
}

/** Reads REDIS_CLUSTER_NODES. Adds what is wrong to `faults`. */
export function clusterTarget(vars: Variables, list: string, faults: string[]): ClusterTarget {
  for (const other of OTHERS)
    if (vars[other] !== undefined) faults.push(`${NAME} and ${other} are both set: use one of them`)
  if (vars.REDIS_DB) faults.push('REDIS_DB must be 0 or not set: a Redis Cluster has no other database')
  const items = list.split(',').map(item => nodeOf(item.trim(), faults))
  if (items.some(({ address }) => address === undefined)) faults.push(SYNTAX)
  const password = sameOf(items, 'password', faults)
  if (password !== undefined && vars.REDIS_PASSWORD !== undefined)
    faults.push(`${NAME} and REDIS_PASSWORD both hold a password`)
  return {
    kind: 'cluster',
    nodes: items.flatMap(({ address }) => address ?? []),
    username: sameOf(items, 'username', faults),
    password: password ?? vars.REDIS_PASSWORD,
    tls: sameOf(items, 'tls', faults) ?? false,
  }
}

function nodeOf(text: string, faults: string[]): NodeText {
  if (!text.includes('://'))
    return {
      address: parseAddress(text, DEFAULT_PORT),
      tls: undefined,
      username: undefined,
      password: undefined,
    }
  const url = URL.parse(text)
  const sound =
    url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && /^(\/0?)?$/.test(url.pathname)
  if (!sound || url.search || url.hash)
    return { address: undefined, tls: undefined, username: undefined, password: undefined }
  return {
    address: { host: bareHost(url), port: Number(url.port) || DEFAULT_PORT },
    tls: url.protocol === 'rediss:',
    username: decodePart(url.username, NAME, faults),
    password: decodePart(url.password, NAME, faults),
  }
}

/** What the items say; those that say nothing agree with the others. */
function sameOf<K extends 'tls' | 'username' | 'password'>(
  items: readonly NodeText[],
  field: K,
  faults: string[],
): NodeText[K] {
  const said = new Set(items.map(item => item[field]).filter(value => value !== undefined))
  const what = field === 'tls' ? 'redis:// and rediss://' : `different ${field}s`
  if (said.size > 1) faults.push(`${NAME} has ${what}: all nodes must be reached in the same way`)
  const [first] = said
  return first as NodeText[K]
}
