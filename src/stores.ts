import postgres from '@fastify/postgres'
import fastifyRedis from '@fastify/redis'
import type { FastifyInstance } from 'fastify'
import type { Cluster, Redis } from 'ioredis'
import pg from 'pg'
import { createClusterClient } from './cache/cluster-topology.ts'
import { createRedisClient } from './cache/redis.ts'
import type { Config } from './config.ts'
import { GatewayPool, poolConfig } from './store/pool.ts'
import { inOneLine } from './telemetry/logged-error.ts'

/**
 * Longest wait for a connection of the pool to become free. Busy is not away: an outage is found by the lease
 * renewals, and then no caller waits (Availability). No longer than callers wait for an answer.
 */
const FREE_TIMEOUT_MS = 5_000

/**
 * Registers the plugins that own the stores: the services work on `app.pg.pool`, which the plugin makes and ends, and on
 * `app.redis`, which is undefined when no Redis is configured. Connects to neither.
 */
export async function registerStores(app: FastifyInstance, config: Config): Promise<void> {
  const options = { ...config.database, freeTimeoutMs: FREE_TIMEOUT_MS }
  const pool = poolConfig(options, error =>
    app.log.warn({ reason: inOneLine(error) }, 'a database connection was lost'),
  )
  await app.register(postgres, { ...pool, pg: { ...pg, Pool: GatewayPool } })
  const { target } = config.redis
  const client = target?.kind === 'cluster' ? createClusterClient(config, target) : createRedisClient(config)
  if (client !== undefined) await registerRedis(app, client)
}

/**
 * @fastify/redis waits for a client that is not `ready`, fails the start after 10 s, and ends a client for good that meets
 * a name that is not known yet or a password that is refused. The gateway starts without Redis and tries for ever, so for
 * the moment of the registration its client says that it is ready: the plugin looks once. Its end is left to the services
 * (`closeClient` sends QUIT, which hangs with Redis).
 */
async function registerRedis(app: FastifyInstance, client: Redis | Cluster): Promise<void> {
  const { status } = client
  client.status = 'ready'
  await app.register(fastifyRedis, { client })
  client.status = status
}
