import { CacheUnavailableError } from '../../src/consistency/cache-port.ts'
import type { DatasetIdentity } from '../../src/consistency/ports.ts'
import { type Network, NO_ANSWER } from './network.ts'
import type { SimProcess } from './process.ts'
import type { RedisServer } from './redis-server.ts'
import type { RedisTopology } from './redis-topology.ts'
import type { Timeline } from './timeline.ts'

export interface RedisConnectionsDeps {
  readonly process: SimProcess
  readonly network: Network
  readonly timeline: Timeline
  readonly topology: RedisTopology
  readonly rules: ConnectionRules
}

export type Purpose = 'read' | 'script'

const TIMEOUT_MS: Readonly<Record<Purpose, number>> = { read: 75, script: 150 }
/** The breaker opens for so long after as many failures in a row. */
const BREAKER = { failures: 3, openMs: 200 }

interface Link {
  server: RedisServer | undefined
  number: number
  /** Role and replication id as INFO told them last. */
  dataset: string
}

/** What a command answered, and of which server as it was then. */
export interface Answer<T> {
  readonly value: T
  readonly identity: DatasetIdentity
  readonly role: 'master' | 'replica'
  /** Of the connection; -1 when the dataset is another one than before. */
  readonly connection: number
}

export interface ConnectionRules {
  /** Role and replication id are asked with every reply, not only at the connect. */
  readonly datasetWithReply: boolean
}

let connections = 0
/** As in read-pool.ts. */
const CHANGED = -1

/** What one gateway has of Redis: a connection for reads and one for scripts, each to one server process, and the breaker. */
export class RedisConnections {
  /** Nothing of this gateway reaches Redis. */
  cut = false
  readonly #deps: RedisConnectionsDeps
  readonly #links: Readonly<Record<Purpose, Link>> = {
    read: { server: undefined, number: 0, dataset: '' },
    script: { server: undefined, number: 0, dataset: '' },
  }
  #failures = 0
  #closedFrom = 0

  constructor(deps: RedisConnectionsDeps) {
    this.#deps = deps
  }

  get usable(): boolean {
    return this.#deps.process.now() >= this.#closedFrom || this.#failures < BREAKER.failures
  }

  /** Both connections are lost and made anew. */
  reconnect(): void {
    for (const link of Object.values(this.#links)) link.server = undefined
  }

  /** The connection leads to a replica: it is made anew, as leaveReplica of src/cache does. */
  leaveReplica(purpose: Purpose): void {
    this.#links[purpose].server = undefined
  }

  /** Sends a command; `run` is what the server does with it. CacheUnavailableError. */
  async ask<T>(purpose: Purpose, name: string, run: (server: RedisServer) => T): Promise<Answer<T>> {
    const { process, network } = this.#deps
    const timeoutMs = TIMEOUT_MS[purpose]
    try {
      const link = this.#links[purpose]
      const { server, number } = this.#connected(link)
      const result = await network.call<Omit<Answer<T>, 'connection'>>({
        process,
        kind: `redis.${name}`,
        timeoutMs,
        execute: () => this.#execute(server, () => run(server)),
        timedOut: () => new CacheUnavailableError(`${name}: no answer within ${timeoutMs} ms`),
      })
      this.#failures = 0
      if (this.#deps.rules.datasetWithReply) this.#compare(link, server, result)
      return { ...result, connection: link.number === number ? number : CHANGED }
    } catch (error) {
      if (++this.#failures >= BREAKER.failures) this.#closedFrom = process.now() + BREAKER.openMs
      throw error
    }
  }

  /** Another dataset behind the same connection is another connection. */
  #compare(link: Link, server: RedisServer, seen: Omit<Answer<unknown>, 'connection'>): void {
    const dataset = datasetText(seen)
    if (link.server !== server || link.dataset === dataset) return
    link.dataset = dataset
    link.number = ++connections
  }

  async #execute<T>(server: RedisServer, run: () => T): Promise<Omit<Answer<T>, 'connection'>> {
    const { timeline } = this.#deps
    while (server.running && server.frozenUntil > timeline.now) {
      await timeline.sleep(server.frozenUntil - timeline.now)
      await timeline.hop()
    }
    if (!server.running || this.cut) throw NO_ANSWER
    const value = run()
    // The INFO comes behind it.
    await timeline.hop()
    const { identity, role } = server
    return { value, identity, role }
  }

  #connected(link: Link): { server: RedisServer; number: number } {
    if (link.server === undefined || !link.server.running) {
      link.server = this.cut ? undefined : this.#deps.topology.connect()
      link.number = ++connections
      if (link.server !== undefined) link.dataset = datasetText(link.server)
    }
    if (link.server === undefined) throw new CacheUnavailableError('connection refused')
    return { server: link.server, number: link.number }
  }
}

function datasetText({ identity, role }: Pick<Answer<unknown>, 'identity' | 'role'>): string {
  return `${role} ${identity.replicationId}`
}
