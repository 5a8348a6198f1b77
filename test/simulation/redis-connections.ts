import { CacheUnavailableError } from '../../src/consistency/cache-port.ts'
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
}

export type Purpose = 'read' | 'script'

const TIMEOUT_MS: Readonly<Record<Purpose, number>> = { read: 75, script: 150 }
/** The breaker opens for so long after as many failures in a row. */
const BREAKER = { failures: 3, openMs: 200 }

interface Link {
  server: RedisServer | undefined
  number: number
}

let connections = 0

/** What one gateway has of Redis: a connection for reads and one for scripts, each to one server process, and the breaker. */
export class RedisConnections {
  /** Nothing of this gateway reaches Redis. */
  cut = false
  readonly #deps: RedisConnectionsDeps
  readonly #links: Readonly<Record<Purpose, Link>> = {
    read: { server: undefined, number: 0 },
    script: { server: undefined, number: 0 },
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

  /** Sends a command; `run` is what the server does with it. CacheUnavailableError. */
  async ask<T>(
    purpose: Purpose,
    name: string,
    run: (server: RedisServer, connection: number) => T,
  ): Promise<T> {
    const { process, network } = this.#deps
    const timeoutMs = TIMEOUT_MS[purpose]
    try {
      const { server, number } = this.#connected(this.#links[purpose])
      const result = await network.call<T>({
        process,
        kind: `redis.${name}`,
        timeoutMs,
        execute: () => this.#execute(server, () => run(server, number)),
        timedOut: () => new CacheUnavailableError(`${name}: no answer within ${timeoutMs} ms`),
      })
      this.#failures = 0
      return result
    } catch (error) {
      if (++this.#failures >= BREAKER.failures) this.#closedFrom = process.now() + BREAKER.openMs
      throw error
    }
  }

  async #execute<T>(server: RedisServer, run: () => T): Promise<T> {
    const { timeline } = this.#deps
    while (server.running && server.frozenUntil > timeline.now) {
      await timeline.sleep(server.frozenUntil - timeline.now)
      await timeline.hop()
    }
    if (!server.running || this.cut) throw NO_ANSWER
    return run()
  }

  #connected(link: Link): { server: RedisServer; number: number } {
    if (link.server === undefined || !link.server.running) {
      link.server = this.cut ? undefined : this.#deps.topology.connect()
      link.number = ++connections
    }
    if (link.server === undefined) throw new CacheUnavailableError('connection refused')
    return { server: link.server, number: link.number }
  }
}
