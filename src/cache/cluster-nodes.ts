import type { ClusterTarget, Config } from '../config.ts'
import type { ClusterTopology } from './cluster-topology.ts'
import type { PartitionPlace } from './partition-names.ts'
import { isElsewhere } from './redis-failures.ts'
import { type RedisEvents, RedisServer } from './redis-server.ts'
import { serverTarget } from './server-target.ts'

/** How long a node stays connected that owns no partition any more: it may be the owner again, and commands may be on their way. */
const IDLE_MS = 5_000

/** A node that owns partitions, or did lately. */
export interface ClusterNode {
  /** `host:port`. */
  readonly address: string
  readonly server: RedisServer
  /** Monotonic time since which it owns nothing. */
  idleSince: number | undefined
}

export interface ClusterNodesDeps {
  readonly config: Config
  readonly target: ClusterTarget
  readonly topology: ClusterTopology
  readonly places: readonly PartitionPlace[]
  readonly events: (address: string) => RedisEvents
}

/**
 * The nodes that own the partitions, opened and closed as the slots move: those that were owners lately as well, but never more
 * nodes than partitions.
 */
export class ClusterNodes {
  readonly #deps: ClusterNodesDeps
  readonly #nodes = new Map<string, ClusterNode>()
  /** By partition. */
  readonly #owners: (ClusterNode | undefined)[]
  #closed = false

  constructor(deps: ClusterNodesDeps) {
    this.#deps = deps
    this.#owners = deps.places.map(() => undefined)
    deps.topology.on('change', () => this.#follow())
  }

  /** Undefined while no node is known to own the partition. */
  ownerOf(partition: number): ClusterNode | undefined {
    return this.#owners[partition]
  }

  /** The nodes with the partitions that they own, sorted by address. */
  list(): readonly { readonly node: ClusterNode; readonly partitions: readonly number[] }[] {
    const owned = Map.groupBy(this.#owners.keys(), partition => this.#owners[partition])
    return [...this.#nodes.values()]
      .filter(node => owned.has(node))
      .map(node => ({ node, partitions: owned.get(node)! }))
      .sort((a, b) => (a.node.address < b.node.address ? -1 : 1))
  }

  close(): void {
    this.#closed = true
    for (const node of this.#nodes.values()) node.server.close()
  }

  #follow(): void {
    if (this.#closed) return
    const { places, topology } = this.#deps
    for (const { partition, slot } of places) {
      const address = topology.ownerOf(slot)
      // A cluster without an owner for the slot: the last one may be the next one.
      if (address !== undefined) this.#owners[partition] = this.#nodeAt(address)
    }
    const owners = new Set(this.#owners)
    const now = performance.now()
    for (const node of this.#nodes.values()) {
      if (owners.has(node)) node.idleSince = undefined
      else node.idleSince ??= now
    }
    this.#closeIdle(now)
  }

  #closeIdle(now: number): void {
    const idle = [...this.#nodes.values()].filter(({ idleSince }) => idleSince !== undefined)
    const surplus = this.#nodes.size - this.#owners.length
    idle.sort((a, b) => a.idleSince! - b.idleSince!)
    for (const [index, { address, server, idleSince }] of idle.entries()) {
      if (index >= surplus && now - idleSince! < IDLE_MS) continue
      this.#nodes.delete(address)
      server.close()
    }
  }

  #nodeAt(address: string): ClusterNode {
    const known = this.#nodes.get(address)
    if (known !== undefined) return known
    const { config, target, events } = this.#deps
    const end = address.lastIndexOf(':')
    const place = { host: address.slice(0, end), port: Number(address.slice(end + 1)) }
    const server = new RedisServer({
      config,
      target: serverTarget(target, place),
      events: events(address),
      inCluster: true,
    })
    for (const connection of server.connections)
      connection.on('refused', error => {
        if (isElsewhere(error)) this.#refused(error.message, place.host)
      })
    const node: ClusterNode = { address, server, idleSince: undefined }
    this.#nodes.set(address, node)
    server.open()
    return node
  }

  /** `MOVED 3999 127.0.0.1:6381`; without a host it is the one that answered. */
  #refused(message: string, host: string): void {
    const { topology } = this.#deps
    const [, slot, newHost, port] = /^MOVED (\d{1,5}) (.*):(\d{1,5})$/.exec(message) ?? []
    if (port !== undefined) topology.moved(Number(slot), `${newHost || host}:${port}`)
    topology.refresh()
  }
}
