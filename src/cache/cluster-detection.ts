import { Redis } from 'ioredis'
import { type Config, ConfigError } from '../config.ts'
import { within } from '../within.ts'
import { redisOptions } from './redis-options.ts'

/** A Redis that is away must not hold up the start for long. */
const MAX_WAIT_MS = 1_000

/**
 * The configuration as it is meant: REDIS_URL or REDIS_HOST may lead to a node of a Redis Cluster, whose other nodes are found
 * then. When the server does not answer within a second, it is taken for a single one. ConfigError when it is a node of a cluster
 * and the configuration names another database than 0.
 */
export async function withClusterFound(config: Config): Promise<Config> {
  const { target } = config.redis
  if (target?.kind !== 'single' || target.server === undefined || !(await isNode(config, target)))
    return config
  if (target.db !== 0) {
    throw new ConfigError([
      `the Redis server is a node of a Redis Cluster, which has no database ${target.db}: leave the number out`,
    ])
  }
  const { server, username, password, tls } = target
  return {
    ...config,
    redis: { ...config.redis, target: { kind: 'cluster', nodes: [server], username, password, tls } },
  }
}

async function isNode(
  { redis }: Config,
  target: Parameters<typeof redisOptions>[0]['target'],
): Promise<boolean> {
  const waitMs = Math.min(MAX_WAIT_MS, redis.connectTimeoutMs)
  const client = new Redis({
    // Not the database: a node of a cluster refuses SELECT.
    ...redisOptions({
      target: { ...target, db: 0 },
      connectTimeoutMs: waitMs,
      name: 'settings-gateway-start',
    }),
    retryStrategy: () => null,
  })
  client.on('error', () => {})
  try {
    const asked = client.connect().then(() => client.info('server'))
    return /^redis_mode:cluster\r?$/m.test(await within(waitMs, asked, () => new Error('no answer')))
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
