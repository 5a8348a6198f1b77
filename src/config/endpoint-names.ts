import type { Config } from '../config.ts'
import { addressText } from './addresses.ts'

/** Where the stores are, for logs and messages: never a password, nor any other secret. */
export interface EndpointNames {
  /** `db.internal:5432/gateway`. */
  readonly database: string
  /** `redis.internal:6379/0`, `mymaster of s1:26379,s2:26379`, `cluster of n1:6379,n2:6379`, or `none`. */
  readonly redis: string
}

const DEFAULT_DATABASE_PORT = 5432

/** The names of both stores. */
export function endpointNames({ database, redis }: Pick<Config, 'database' | 'redis'>): EndpointNames {
  return { database: endpointOf(database.url), redis: redisName(redis.target) }
}

/** `host:port/name` of a database. */
export function endpointOf(databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl)
  return `${hostname}:${port || DEFAULT_DATABASE_PORT}/${decodeURIComponent(pathname.slice(1))}`
}

function redisName(target: Config['redis']['target']): string {
  if (target === undefined) return 'none'
  const over = target.tls ? ' over TLS' : ''
  if (target.kind === 'cluster') return `cluster of ${target.nodes.map(addressText).join(',')}${over}`
  const { server, sentinels, sentinelName, db } = target
  if (server === undefined)
    return `${sentinelName} of ${sentinels.map(addressText).join(',')}, database ${db}`
  return `${addressText(server)}/${db}${over}`
}
