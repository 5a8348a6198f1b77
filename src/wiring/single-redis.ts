import type { Redis } from 'ioredis'
import { KeyNames } from '../cache/keys.ts'
import { NO_CACHE } from '../cache/no-cache.ts'
import { openRedis } from '../cache/redis.ts'
import { RedisExchange } from '../cache/redis-exchange.ts'
import { RedisSequence } from '../cache/redis-sequence.ts'
import { endpointNames, endpointOf } from '../config/endpoint-names.ts'
import { createProtocol } from '../consistency/protocol.ts'
import { NO_EXCHANGE_CACHE } from '../exchange/exchange.ts'
import { Counter } from '../sequence/counter.ts'
import { readKnownNumbers } from '../sequence/known-numbers.ts'
import { NO_SEQUENCE_CACHE, type SequenceStorePort } from '../sequence/ports.ts'
import { createCodec } from '../settings/codec.ts'
import { PostgresHandover } from '../store/postgres-handover.ts'
import { PostgresStore } from '../store/postgres-store.ts'
import { SYSTEM_CLOCK } from '../system-clock.ts'
import { redisLog } from '../telemetry/redis-log.ts'
import { ageOf, type CacheLayer, protocolOptions } from './cache-layer.ts'
import type { Foundation } from './foundation.ts'

/** The cache over one Redis or Sentinels, or without Redis. Connects to nothing before `redis.open`. */
export function singleRedis(
  foundation: Foundation,
  client: Redis | undefined,
  numbers: SequenceStorePort,
): CacheLayer {
  const { config, log, outages, observer, pool, viewPool, availability, traced } = foundation
  const names = new KeyNames(config.redis.keyPrefix)
  const codec = createCodec(names)
  const redisEvents = redisLog(log, outages, endpointNames(config).redis)
  const redis = openRedis(config, names, redisEvents, client)
  const counters =
    redis === undefined
      ? NO_SEQUENCE_CACHE
      : traced('redis', new RedisSequence(redis.scripts, redis.scriptConnection, redis.breaker, names))
  const store = traced(
    'postgresql',
    new PostgresStore({
      pool,
      viewPool,
      viewTimeoutMs: config.times.leaseMs,
      availability,
      knownNumbers: () => readKnownNumbers(counters, SYSTEM_CLOCK),
    }),
  )
  const cache = redis === undefined ? NO_CACHE : traced('redis', redis.cache)
  const protocol = createProtocol({
    ...protocolOptions(config),
    store,
    handovers: new PostgresHandover(viewPool),
    cache,
    codec,
    clock: SYSTEM_CLOCK,
    observer,
    databaseName: endpointOf(config.database.url),
  })
  const { reader, writer, supervisor, lease, near, handover, check } = protocol
  const isOurs = () => supervisor.status.anotherOwner === undefined
  const exchange =
    redis === undefined
      ? NO_EXCHANGE_CACHE
      : new RedisExchange({
          client: redis.client,
          breaker: redis.breaker,
          names,
          isOurs,
          ttlMs: config.settings.binanceCacheTtlMs,
          timeoutMs: config.times.fenceTimeoutMs,
        })
  const counter = new Counter({
    cache: counters,
    store: numbers,
    view: store,
    lease,
    check,
    handover,
    clock: SYSTEM_CLOCK,
    renewMs: config.times.renewMs,
  })
  return {
    reader,
    writer,
    store,
    cacheOf: () => ({ cache, codec }),
    counter,
    exchange,
    supervisor,
    redis,
    cluster: undefined,
    isOursFor: isOurs,
    view: () => {
      const { status } = supervisor
      return { ...status, leaseHeld: status.leaseHeld && cache.usable }
    },
    ages: () => ({ redisMs: ageOf(lease.provenAt), memoryMs: ageOf(near.oldestConfirmation) }),
    open: () => redis?.open(),
    close: () => redis?.close(),
  }
}
