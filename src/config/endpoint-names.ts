import type { Config } from '../config.ts'

/** Where the stores are, for logs and messages: never a password, nor any other secret. */
export interface EndpointNames {
  /** `db.internal:5432/gateway`. */
  readonly database: string
  /** `redis.internal:6379/0`, `mymaster of s1:26379,s2:26379`, or `none`. */
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
  const { server, sentinels, sentinelName, db, tls } = target
  const name = ({ host, port }: { host: string; port: number }) =>
    `${host.includes(':') ? `[${host}]` : host}:${port}`
  if (server === undefined) return `${sentinelName} of ${sentinels.map(name).join(',')}, database ${db}`
  return `${name(server)}/${db}${tls ? ' over TLS' : ''}`
}
