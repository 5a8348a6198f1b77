import { partitionOf } from '../consistency/partitions.ts'
import { type ExchangeCache, type ExchangeKind, NO_EXCHANGE_CACHE } from '../exchange/exchange.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import { OnOwner } from './on-owner.ts'
import type { PartitionPlace } from './partition-names.ts'
import { RedisExchange, type RedisExchangeDeps } from './redis-exchange.ts'

export interface PartitionExchangeDeps extends Pick<RedisExchangeDeps, 'ttlMs' | 'timeoutMs'> {
  readonly nodes: Pick<ClusterNodes, 'ownerOf'>
  readonly places: readonly PartitionPlace[]
  /** False while another database has the partition. */
  readonly isOurs: (partition: number) => boolean
}

/** The ExchangeCache over a cluster. A key that is on another node by now is a miss, like one that has expired. */
export class PartitionExchange implements ExchangeCache {
  readonly #partitions: readonly OnOwner<ExchangeCache>[]

  constructor({ nodes, places, isOurs, ttlMs, timeoutMs }: PartitionExchangeDeps) {
    this.#partitions = places.map(
      ({ partition, names }) =>
        new OnOwner<ExchangeCache>(
          nodes,
          partition,
          ({ server: { client, breaker } }) =>
            new RedisExchange({
              ...{ client, breaker, names, ttlMs, timeoutMs },
              isOurs: () => isOurs(partition),
            }),
          NO_EXCHANGE_CACHE,
        ),
    )
  }

  put(userId: string, kind: ExchangeKind, body: Buffer): Promise<void> {
    return this.#of(userId).put(userId, kind, body)
  }

  get(userId: string, kind: ExchangeKind) {
    return this.#of(userId).get(userId, kind)
  }

  remove(userId: string, kind: ExchangeKind): Promise<void> {
    return this.#of(userId).remove(userId, kind)
  }

  #of(userId: string): ExchangeCache {
    return this.#partitions[partitionOf(userId)]!.current
  }
}
