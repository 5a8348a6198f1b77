import { CacheUnavailableError, KeysElsewhereError } from '../../src/consistency/cache-port.ts'
import type { DatasetIdentity } from '../../src/consistency/views.ts'
import { type Network, NO_ANSWER } from './network.ts'
import type { SimProcess } from './process.ts'
import type { RedisServer } from './redis-server.ts'
import type { RedisTopology } from './redis-topology.ts'
import type { Timeline } from './timeline.ts'

export interface RedisConnectionsDeps {
  readonly process: SimProcess
  readonly network: Network
  readonly timeline: Timeline
  /** Where a new connection leads. */
  readonly topology: Pick<RedisTopology, 'connect'>
  /** A slot of a cluster: the servers of its keys. */
  readonly slot?: SlotClient
  readonly rules: ConnectionRules
}

export type Purpose = 'read' | 'script'

/** What one gateway knows of a slot of a cluster. */
export interface SlotClient {
  /** The server that owns the slot, as far as the gateway knows. */
  readonly target: RedisServer | undefined
  /** What this server says to a command with these keys, if it does not carry it out. */
  refusalOf(server: RedisServer, keys: readonly string[]): string | undefined
  /** A server has said that the keys are elsewhere. */
  refused(): void
}

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
  readonly #links: Readonly<Record<Purpose, Link>> = { read: newLink(), script: newLink() }
  /** In a cluster: those to each server, which live on when the slot is elsewhere. */
  #linksTo = new Map<RedisServer, Readonly<Record<Purpose, Link>>>()
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
    this.#linksTo.clear()
  }

  /** The connection leads to a replica: it is made anew, as leaveReplica of src/cache does. */
  leaveReplica(purpose: Purpose): void {
    const link = this.#linkOf(purpose)
    if (link !== undefined) link.server = undefined
  }

  /** Sends a command; `run` is what the server does with it. CacheUnavailableError. */
  async ask<T>(
    purpose: Purpose,
    name: string,
    keys: readonly string[],
    run: (server: RedisServer) => T,
  ): Promise<Answer<T>> {
    const { process, network } = this.#deps
    const timeoutMs = TIMEOUT_MS[purpose]
    try {
      const link = this.#linkOf(purpose)
      if (link === undefined) throw new CacheUnavailableError('no owner of the slot is known')
      const { server, number } = this.#connected(link)
      const result = await network.call<Omit<Answer<T>, 'connection'>>({
        process,
        kind: `redis.${name}`,
        timeoutMs,
        execute: () => this.#execute(server, keys, () => run(server)),
        timedOut: () => new CacheUnavailableError(`${name}: no answer within ${timeoutMs} ms`),
      })
      this.#failures = 0
      if (this.#deps.rules.datasetWithReply) this.#compare(link, server, result)
      return { ...result, connection: link.number === number ? number : CHANGED }
    } catch (error) {
      if (error instanceof KeysElsewhereError) this.#deps.slot?.refused()
      else if (++this.#failures >= BREAKER.failures) this.#closedFrom = process.now() + BREAKER.openMs
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

  async #execute<T>(
    server: RedisServer,
    keys: readonly string[],
    run: () => T,
  ): Promise<Omit<Answer<T>, 'connection'>> {
    const { timeline, slot } = this.#deps
    while (server.running && server.frozenUntil > timeline.now) {
      await timeline.sleep(server.frozenUntil - timeline.now)
      await timeline.hop()
    }
    if (!server.running || this.cut) throw NO_ANSWER
    const refusal = slot?.refusalOf(server, keys)
    if (refusal !== undefined) throw new KeysElsewhereError(refusal, server.identity)
    const value = run()
    // The INFO comes behind it.
    await timeline.hop()
    const { identity, role } = server
    return { value, identity, role }
  }

  /** Undefined = no server is known to own the slot. */
  #linkOf(purpose: Purpose): Link | undefined {
    const { slot } = this.#deps
    if (slot === undefined) return this.#links[purpose]
    const { target } = slot
    if (target === undefined) return undefined
    const links = this.#linksTo.get(target) ?? { read: newLink(), script: newLink() }
    this.#linksTo.set(target, links)
    return links[purpose]
  }

  #connected(link: Link): { server: RedisServer; number: number } {
    if (link.server === undefined || !link.server.running) {
      link.server = this.cut ? undefined : this.#reachable()
      link.number = ++connections
      if (link.server !== undefined) link.dataset = datasetText(link.server)
    }
    if (link.server === undefined) throw new CacheUnavailableError('connection refused')
    return { server: link.server, number: link.number }
  }

  #reachable(): RedisServer | undefined {
    const { slot, topology } = this.#deps
    if (slot === undefined) return topology.connect()
    return slot.target?.running ? slot.target : undefined
  }
}

function newLink(): Link {
  return { server: undefined, number: 0, dataset: '' }
}

function datasetText({ identity, role }: Pick<Answer<unknown>, 'identity' | 'role'>): string {
  return `${role} ${identity.replicationId}`
}
