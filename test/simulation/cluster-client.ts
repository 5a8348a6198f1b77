import { SLOTS } from './cluster-node.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import type { RedisCluster } from './redis-cluster.ts'
import type { SlotClient } from './redis-connections.ts'
import type { RedisServer } from './redis-server.ts'
import type { Timeline } from './timeline.ts'

/** Between two looks at the topology, and least time between two that a refusal causes. */
const REFRESH_MS = 300
const LEAST_REFRESH_MS = 60

export interface ClusterClientDeps {
  readonly process: SimProcess
  readonly timeline: Timeline
  readonly random: Random
  readonly cluster: RedisCluster
}

/** What one gateway knows of a cluster: the owner of each slot, as it was told last. */
export class ClusterClient {
  readonly #deps: ClusterClientDeps
  readonly #addresses: (number | undefined)[]
  #refreshing = false
  /** In a partition of the network it is on the side of the former primary. */
  #isCutOff = false

  constructor(deps: ClusterClientDeps) {
    this.#deps = deps
    this.#addresses = Array.from({ length: SLOTS }, (_, slot) => deps.cluster.addressOf(slot))
    this.#poll()
  }

  slot(slot: number): SlotClient {
    const { cluster } = this.#deps
    const target = () => this.#target(slot)
    return {
      get target() {
        return target()
      },
      refusalOf: (server, keys) => cluster.nodeOf(server)?.refusalOf(slot, keys),
      refused: () => this.#refreshSoon(LEAST_REFRESH_MS),
    }
  }

  #target(slot: number): RedisServer | undefined {
    const { cluster } = this.#deps
    const address = this.#addresses[slot]
    return address === undefined || !cluster.isReachable(address) ? undefined : cluster.at(address).keys[slot]
  }

  #poll(): void {
    const { process, timeline } = this.#deps
    timeline.later(REFRESH_MS, () => {
      if (!process.alive) return
      process.run(() => this.#refreshSoon(0))
      this.#poll()
    })
  }

  #refreshSoon(ms: number): void {
    if (this.#refreshing) return
    this.#refreshing = true
    this.#deps.timeline.later(ms, () => {
      this.#refreshing = false
      this.#refresh()
    })
  }

  #refresh(): void {
    const { cluster, random } = this.#deps
    if (!cluster.isSplit) this.#isCutOff = false
    else if (random.chance(0.3)) this.#isCutOff = true
    if (this.#isCutOff) return
    for (let slot = 0; slot < SLOTS; slot++) {
      const address = cluster.addressOf(slot)
      if (address !== undefined) this.#addresses[slot] = address
    }
  }
}
