import { MARKER_KEY, VIEW_KEY } from '../../src/cache/keys.ts'
import type {
  CacheEntry,
  CacheFence,
  CacheIdentity,
  CachePort,
  CacheReply,
  Marker,
  OnHeads,
  ScriptOutcome,
} from '../../src/consistency/cache-port.ts'
import { CacheUnavailableError } from '../../src/consistency/cache-port.ts'
import type { ViewToken } from '../../src/consistency/ports.ts'
import type { RedisConnections } from './redis-connections.ts'
import { markerIn, type RedisScripts } from './redis-scripts.ts'
import type { RedisServer } from './redis-server.ts'
import type { Timeline } from './timeline.ts'

export interface CacheRules {
  /** A read never joins a command that was already sent. */
  readonly ownCommand: boolean
  /** A reply tells on which connection it came. */
  readonly connectionNamed: boolean
  /** Fences carry a TTL of so many milliseconds (0 = none). */
  readonly fenceTtlMs: number
}

export interface MemoryCacheDeps {
  readonly connections: RedisConnections
  readonly timeline: Timeline
  readonly scripts: RedisScripts
  readonly rules: CacheRules
}

/** The CachePort of one gateway. */
export class MemoryCache implements CachePort {
  readonly #deps: MemoryCacheDeps
  readonly #joined = new Map<string, Promise<unknown>>()

  constructor(deps: MemoryCacheDeps) {
    this.#deps = deps
  }

  get usable(): boolean {
    return this.#deps.connections.usable
  }

  read(keys: readonly string[]): Promise<CacheReply> {
    return this.#own(`read ${keys}`, () =>
      this.#ask('read', (server, connection) => ({
        values: keys.map(key => bufferOf(server.get(key))),
        connection,
      })),
    )
  }

  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnHeads): void {
    const asked = this.#own(`heads ${keys}`, () =>
      this.#ask('readHeads', (server, connection) => ({
        heads:
          stampKey === undefined ? this.#deps.scripts.heads(server, keys) : stampIn(server, keys, stampKey),
        connection,
      })),
    )
    asked.then(
      heads => answered(undefined, heads),
      error => answered(error, undefined),
    )
  }

  identify(): Promise<CacheIdentity> {
    return this.#ask('identify', (server, connection) => ({
      connection,
      identity: server.identity,
      role: server.role,
      view: server.get(VIEW_KEY) ?? null,
    }))
  }

  readMarker(): Promise<Marker | null> {
    return this.#ask('readMarker', server => markerIn(server.get(MARKER_KEY)))
  }

  async fence(v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome> {
    return this.script('fence', server => {
      const outcome = this.#deps.scripts.fence(server, v, nonce, fences)
      const { fenceTtlMs } = this.#deps.rules
      if (fenceTtlMs > 0)
        this.#expire(
          server,
          nonce,
          fences.flatMap(({ keys }) => keys),
          fenceTtlMs,
        )
      return outcome
    })
  }

  put(v: ViewToken, entries: readonly CacheEntry[]): Promise<ScriptOutcome> {
    return this.script('put', server => {
      if (server.full) throw new CacheUnavailableError('OOM command not allowed')
      return this.#deps.scripts.put(server, v, entries)
    })
  }

  unfence(v: ViewToken, nonce: string, entry: CacheEntry): Promise<ScriptOutcome> {
    return this.script('unfence', server => {
      if (server.full) throw new CacheUnavailableError('OOM command not allowed')
      return this.#deps.scripts.unfence(server, v, nonce, entry)
    })
  }

  erase(v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome> {
    return this.script('erase', server => this.#deps.scripts.erase(server, v, nonce, fences))
  }

  adopt(v: ViewToken): Promise<ScriptOutcome> {
    return this.script('adopt', server => this.#deps.scripts.adopt(server, v))
  }

  cold(v: ViewToken): Promise<ScriptOutcome> {
    return this.script('cold', server => this.#deps.scripts.cold(server, v))
  }

  advanceMarker(v: ViewToken, marker: Marker): Promise<ScriptOutcome> {
    return this.script('advanceMarker', server => this.#deps.scripts.advanceMarker(server, v, marker))
  }

  /** Runs a script on the connection for scripts. */
  script<T>(name: string, run: (server: RedisServer) => T): Promise<T> {
    return this.#deps.connections.ask('script', name, server => {
      if (server.role !== 'master') throw new CacheUnavailableError('READONLY')
      return server.atomically(() => run(server))
    })
  }

  #ask<T>(name: string, run: (server: RedisServer, connection: number) => T): Promise<T> {
    const { connections, rules } = this.#deps
    return connections.ask('read', name, (server, number) => run(server, rules.connectionNamed ? number : 0))
  }

  /** With the rule off, one who asks the same joins a command that is under way. */
  #own<T>(id: string, send: () => Promise<T>): Promise<T> {
    if (this.#deps.rules.ownCommand) return send()
    const joined = this.#joined.get(id)
    if (joined !== undefined) return joined as Promise<T>
    const sent = send().finally(() => this.#joined.delete(id))
    this.#joined.set(id, sent)
    return sent
  }

  #expire(server: RedisServer, nonce: string, keys: readonly string[], ms: number): void {
    this.#deps.timeline.later(ms, () =>
      server.atomically(() => {
        for (const key of keys) if (server.get(key)?.includes(`"${nonce}"`)) server.delete(key)
      }),
    )
  }
}

function bufferOf(text: string | undefined): Buffer | null {
  return text === undefined ? null : Buffer.from(text)
}

function stampIn(server: RedisServer, keys: readonly string[], stampKey: string): Buffer {
  const all = keys.every(key => server.get(key) !== undefined)
  return Buffer.from((all && server.get(stampKey)) || '')
}
