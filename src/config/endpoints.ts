import { bareHost, decodePart, parseAddress, type ServerAddress } from './addresses.ts'
import { type ClusterTarget, clusterTarget } from './cluster-nodes.ts'
import type { Variables } from './variables.ts'

/** Where Redis is: one server, or the primary that `sentinels` know as `sentinelName`. */
export interface RedisTarget {
  readonly kind: 'single'
  readonly server: ServerAddress | undefined
  readonly sentinels: readonly ServerAddress[]
  readonly sentinelName: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

const SEVERAL =
  'names several servers: name one, or the nodes of a Redis Cluster in REDIS_CLUSTER_NODES, or Sentinels in REDIS_SENTINELS'
const DEFAULT_REDIS_PORT = 6379
const DEFAULT_SENTINEL_PORT = 26_379

/** Undefined = no Redis is configured: everything is answered from PostgreSQL. Adds what is wrong to `faults`. */
export function redisTarget(vars: Variables, faults: string[]): RedisTarget | ClusterTarget | undefined {
  if (vars.REDIS_CLUSTER_NODES !== undefined) return clusterTarget(vars, vars.REDIS_CLUSTER_NODES, faults)
  if (vars.REDIS_URL !== undefined && vars.REDIS_SENTINELS !== undefined) {
    faults.push('REDIS_URL and REDIS_SENTINELS are both set: use one of them')
  }
  if (vars.REDIS_HOST !== undefined && vars.REDIS_SENTINELS !== undefined) {
    faults.push('REDIS_HOST and REDIS_SENTINELS are both set: use one of them')
  }
  if (vars.REDIS_HOST !== undefined && vars.REDIS_URL !== undefined) {
    faults.push('REDIS_URL and REDIS_HOST are both set: use one of them')
  }
  if (vars.REDIS_SENTINEL_NAME !== undefined && vars.REDIS_SENTINELS === undefined) {
    faults.push('REDIS_SENTINEL_NAME is set without REDIS_SENTINELS')
  }
  if (vars.REDIS_SENTINELS !== undefined) return sentinelTarget(vars, vars.REDIS_SENTINELS, faults)
  if (vars.REDIS_URL !== undefined) return urlTarget(vars, vars.REDIS_URL, faults)
  if (vars.REDIS_HOST !== undefined) return hostTarget(vars, vars.REDIS_HOST, faults)
  for (const name of ['REDIS_PORT', 'REDIS_PASSWORD', 'REDIS_DB'] as const) {
    if (vars[name] !== undefined)
      faults.push(`${name} is set without REDIS_HOST, REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER_NODES`)
  }
  return undefined
}

function sentinelTarget(vars: Variables, list: string, faults: string[]): RedisTarget {
  if (vars.REDIS_SENTINEL_NAME === undefined)
    faults.push('REDIS_SENTINELS is set without REDIS_SENTINEL_NAME')
  const sentinels = list.split(',').map(item => parseAddress(item.trim(), DEFAULT_SENTINEL_PORT))
  if (sentinels.includes(undefined)) faults.push('REDIS_SENTINELS must be host:port,host:port')
  return {
    ...targetDefaults(vars),
    sentinels: sentinels.filter(item => item !== undefined),
    sentinelName: vars.REDIS_SENTINEL_NAME,
  }
}

function hostTarget(vars: Variables, host: string, faults: string[]): RedisTarget {
  if (host.includes(',')) faults.push(`REDIS_HOST ${SEVERAL}`)
  else if (!/^[\w.:-]+$/.test(host)) faults.push('REDIS_HOST must be a host name or an IP address')
  return { ...targetDefaults(vars), server: { host, port: vars.REDIS_PORT ?? DEFAULT_REDIS_PORT } }
}

function urlTarget(vars: Variables, text: string, faults: string[]): RedisTarget {
  const target = targetDefaults(vars)
  if (/,\s*rediss?:\/\//i.test(text) || /,[^@]*$/.test(text)) {
    faults.push(`REDIS_URL ${SEVERAL}`)
    return target
  }
  const url = URL.parse(text)
  if (
    !url ||
    !/^rediss?:$/.test(url.protocol) ||
    url.hostname === '' ||
    !/^\/?\d{0,5}$/.test(url.pathname) ||
    url.search
  ) {
    faults.push('REDIS_URL must be redis://[user:password@]host:port/db (rediss:// for TLS)')
    return target
  }
  if (vars.REDIS_PORT !== undefined)
    faults.push('REDIS_PORT belongs to REDIS_HOST: REDIS_URL names its port itself')
  if (url.password && vars.REDIS_PASSWORD) faults.push('REDIS_URL and REDIS_PASSWORD both hold a password')
  const db = url.pathname.slice(1)
  if (db && vars.REDIS_DB !== undefined) faults.push('REDIS_URL and REDIS_DB both name a database')
  return {
    ...target,
    server: { host: bareHost(url), port: Number(url.port) || DEFAULT_REDIS_PORT },
    username: decodePart(url.username, 'REDIS_URL', faults),
    password: decodePart(url.password, 'REDIS_URL', faults) ?? target.password,
    db: db ? Number(db) : target.db,
    tls: url.protocol === 'rediss:',
  }
}

function targetDefaults(vars: Variables): RedisTarget {
  return {
    kind: 'single',
    server: undefined,
    sentinels: [],
    sentinelName: undefined,
    username: undefined,
    password: vars.REDIS_PASSWORD,
    db: vars.REDIS_DB ?? 0,
    tls: false,
  }
}
