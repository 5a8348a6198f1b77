import { Cluster, type Redis } from 'ioredis'
import { ClusterStatus } from '../lifecycle/cluster-status.ts'
import { SingleRedisStatus } from '../lifecycle/single-redis-status.ts'
import type { RedisStatus } from '../lifecycle/status-service.ts'
import type { SequenceStorePort } from '../sequence/ports.ts'
import type { CacheLayer } from './cache-layer.ts'
import { clusterRedis } from './cluster-redis.ts'
import type { Foundation } from './foundation.ts'
import { singleRedis } from './single-redis.ts'

/** The cache layer over the Redis that is configured; `client` is `app.redis`. */
export function wireCache(
  foundation: Foundation,
  client: Redis | Cluster | undefined,
  numbers: SequenceStorePort,
): CacheLayer {
  const { target } = foundation.config.redis
  if (target?.kind === 'cluster' && client instanceof Cluster)
    return clusterRedis(foundation, target, client, numbers)
  return singleRedis(foundation, client as Redis | undefined, numbers)
}

/** Undefined = no Redis is configured. */
export function redisStatus({ redis, cluster }: CacheLayer): RedisStatus | undefined {
  if (cluster !== undefined) return new ClusterStatus(cluster)
  return redis && new SingleRedisStatus(redis)
}
