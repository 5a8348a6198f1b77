import { Redis } from 'ioredis'
import type { Config, RedisTarget } from '../config.ts'
import { claimMs } from '../consistency/lease.ts'
import { Breaker, type BreakerState } from './breaker.ts'
import { Examination } from './examination.ts'
import type { KeyNames } from './keys.ts'
import { ReadPool } from './read-pool.ts'
import { PROTOCOL_SCRIPTS, RedisCache } from './redis-cache.ts'
import { RedisConnection } from './redis-connection.ts'
import { redisOptions } from './redis-options.ts'
import { SEQUENCE_SCRIPTS } from './redis-sequence.ts'
import { ScriptRunner } from './script-runner.ts'
import { UnidentifiedServerError } from './server-info.ts'

/** The name of a connection in CLIENT LIST. */
const SCRIPTS = 'settings-gateway-script'

/** What happens around Redis, for logs and metrics. */
export interface RedisEvents {
  /** `error`: what opened it; undefined when a probe failed and it stays open. */
  breaker(state: BreakerState, error: unknown): void
  /** A connection failed or was refused; it is tried again. */
  trouble(connection: string, error: Error): void
  /** What an operator should know of the server. */
  notice(sentence: string): void
  /** A callback of a reply threw: a fault of this program. */
  fault(error: unknown): void
}

export interface RedisServerOptions {
  readonly config: Config
  readonly target: RedisTarget
  readonly events: RedisEvents
  /** The server is a node of a Redis Cluster. */
  readonly inCluster?: boolean
  /** That of the connection for scripts, made by createScriptClient. */
  readonly client?: Redis
}

/** Keys in one server: the cache, and why it is not to be trusted with them. */
export interface NamedCache {
  readonly cache: RedisCache
  readonly reads: ReadPool
  readonly examination: Examination
}

/** The client of the connection for scripts, not connected yet. */
export function createScriptClient({ redis }: Config, target: RedisTarget): Redis {
  return new Redis(redisOptions({ target, connectTimeoutMs: redis.connectTimeoutMs, name: SCRIPTS }))
}

/** The connections to one server, for reads and for scripts, with one breaker in front of them. */
export class RedisServer {
  readonly breaker: Breaker
  readonly readConnections: readonly RedisConnection[]
  readonly scriptConnection: RedisConnection
  readonly scripts: ScriptRunner
  readonly #claimMs: number
  readonly #events: RedisEvents
  #unidentified: string | undefined

  constructor({ config, target, events, client, inCluster = false }: RedisServerOptions) {
    const { poolSize, connectTimeoutMs, readTimeoutMs, breakerFailures, probeMs } = config.redis
    const forAll = { target, connectTimeoutMs, inCluster }
    const forReads = { ...forAll, timeoutMs: readTimeoutMs, name: 'settings-gateway-read' }
    const forScripts = { ...forAll, timeoutMs: config.times.fenceTimeoutMs, name: SCRIPTS }
    this.readConnections = Array.from({ length: poolSize }, () => new RedisConnection(forReads))
    this.scriptConnection = new RedisConnection(forScripts, client)
    this.scripts = new ScriptRunner(this.scriptConnection, [...PROTOCOL_SCRIPTS, ...SEQUENCE_SCRIPTS])
    this.breaker = new Breaker({
      failures: breakerFailures,
      probeMs,
      probe: () => Promise.all(this.connections.map(ping)),
      countsTurns: inCluster,
      onChange: (state, error) => events.breaker(state, error),
    })
    this.#claimMs = claimMs(config.times.leaseMs)
    this.#events = events
    for (const connection of this.connections) this.#watch(connection)
  }

  get connections(): readonly RedisConnection[] {
    return [...this.readConnections, this.scriptConnection]
  }

  /** For what may be slow or large, and for probes. */
  get client(): Redis {
    return this.scriptConnection.client
  }

  /** Why the server itself cannot be used, for operators. */
  get refusal(): string | undefined {
    return this.#unidentified ?? this.connections.map(({ refusal }) => refusal).find(Boolean)
  }

  /** A cache with these names; `slot`: they are all in that slot of a cluster. */
  cacheOf(names: KeyNames, slot?: number): NamedCache {
    const reads = new ReadPool(this.readConnections, names)
    const examination = new Examination(this.scriptConnection, names, sentence =>
      this.#events.notice(sentence),
    )
    const { scripts, breaker } = this
    const deps = { reads, scripts, breaker, examination, names, claimMs: this.#claimMs }
    return { cache: new RedisCache(slot === undefined ? deps : { ...deps, slot }), reads, examination }
  }

  /** Begins to connect; never fails. */
  open(): void {
    for (const connection of this.connections) connection.open()
  }

  close(): void {
    this.breaker.stop()
    for (const connection of this.connections) connection.close()
  }

  #watch(connection: RedisConnection): void {
    const kind = connection === this.scriptConnection ? 'script' : 'read'
    connection.on('fault', error => this.#events.fault(error))
    connection.on('trouble', error => {
      this.#events.trouble(kind, error)
      if (error instanceof UnidentifiedServerError) this.#unidentified = error.message
    })
    connection.on('identified', () => {
      this.#unidentified = undefined
    })
  }
}

/** A connection that does not answer a PING is given up, in case its peer vanished without a word. */
async function ping(connection: RedisConnection): Promise<void> {
  try {
    await connection.ping()
  } catch (error) {
    if (connection.client.status === 'ready') connection.reconnect()
    throw error
  }
}
