import { EventEmitter } from 'node:events'
import { Cluster } from 'ioredis'
import type { ClusterTarget, Config } from '../config.ts'
import { redisOptions } from './redis-options.ts'
import { serverTarget } from './server-target.ts'

/** Between two looks at who owns which slot, milliseconds. */
const REFRESH_MS = 1_000
/** Least time between two looks that errors of nodes cause. */
const LEAST_REFRESH_MS = 200
/** Longest wait for one node that is asked; then another one is. */
const ASK_TIMEOUT_MS = 1_000
const RETRY_MS = 500
const NAME = 'settings-gateway-topology'

/** The client that knows which node owns which slot, not connected yet. It carries no command of the protocol. */
export function createClusterClient({ redis }: Config, target: ClusterTarget): Cluster {
  const [first] = target.nodes
  const {
    host: _host,
    port: _port,
    db: _db,
    ...options
  } = redisOptions({
    target: serverTarget(target, first!),
    connectTimeoutMs: redis.connectTimeoutMs,
    name: NAME,
  })
  return new Cluster([...target.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A cluster of which a part is away serves the other part.
    enableReadyCheck: false,
    slotsRefreshInterval: REFRESH_MS,
    slotsRefreshTimeout: ASK_TIMEOUT_MS,
    // Always a number: anything else would end the looking for good.
    clusterRetryStrategy: () => RETRY_MS,
    redisOptions: options,
  })
}

/**
 * Which node owns which slot, as ioredis knows it. It may be wrong: a node that does not own a slot says so, and the identity of
 * the dataset comes with each reply, so that a wrong owner costs a hit and nothing else.
 *
 * Emits `change` after each look, and `trouble` when no node answers.
 */
export class ClusterTopology extends EventEmitter<{ change: []; trouble: [Error] }> {
  readonly #cluster: Cluster
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: NodeJS.Timeout | undefined

  constructor(cluster: Cluster) {
    super()
    this.#cluster = cluster
    cluster.on('refresh', () => this.emit('change'))
    // Of all nodes that it knows: one that is away is told by its own connections.
    cluster.on('error', error => this.emit('trouble', error.lastNodeError ?? error))
  }

  /** `host:port` of the primary; undefined = not known. */
  ownerOf(slot: number): string | undefined {
    return this.#cluster.slots[slot]?.[0]
  }

  /** A node has said that another one owns the slot. The next look may still be at a node that does not know. */
  moved(slot: number, address: string): void {
    if (this.ownerOf(slot) === address) return
    this.#cluster.slots[slot] = [address]
    this.emit('change')
  }

  /** Looks soon, at most five times a second. */
  refresh(): void {
    if (this.#asking !== undefined || this.#cluster.status !== 'ready') return
    const wait = this.#askedAt + LEAST_REFRESH_MS - performance.now()
    this.#asking = setTimeout(
      () => {
        this.#asking = undefined
        this.#askedAt = performance.now()
        this.#cluster.refreshSlotsCache()
      },
      Math.max(0, wait),
    )
  }

  /** Begins to look; failures are tried again for ever. */
  open(): void {
    this.#cluster.connect().catch(() => {})
  }

  close(): void {
    clearTimeout(this.#asking)
    this.#cluster.disconnect()
  }
}
