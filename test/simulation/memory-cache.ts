import type {
  CacheEntry,
  CacheFence,
  CacheFill,
  CacheIdentity,
  CachePort,
  CacheReply,
  Claimant,
  ClaimKind,
  Marker,
  OnHeads,
  RedisOwner,
  ScriptOutcome,
  SweepStep,
} from '../../src/consistency/cache-port.ts'
import { CacheUnavailableError, KeysElsewhereError } from '../../src/consistency/cache-port.ts'
import type { DatasetIdentity, ViewToken } from '../../src/consistency/views.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
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
  /** The answer of a script counts only when it ran on the dataset of V. */
  readonly dataset: boolean
  /** A cold start adopts V' before it sweeps. */
  readonly adoptBeforeSweep: boolean
  /** A renewal of a partition makes only a claim longer that stands. */
  readonly standingClaims: boolean
  /** A renewal hears that keys are elsewhere. */
  readonly movesHeard: boolean
}

export interface MemoryCacheDeps {
  readonly connections: RedisConnections
  readonly timeline: Timeline
  readonly scripts: RedisScripts
  readonly rules: CacheRules
  /** How long Redis belongs to a database after a claim; 0 = there is one database. */
  readonly claimMs: number
}

const UNSWEPT: ReadonlySet<string> = new Set([PLAIN_NAMES.view, PLAIN_NAMES.gate, PLAIN_NAMES.owner])
/** So few that a sweep takes several steps. */
const KEYS_PER_SCAN = 3

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
      this.#ask('read', keys, server => ({ values: keys.map(key => bufferOf(server.get(key))) })),
    )
  }

  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnHeads): void {
    const asked = this.#own(`heads ${keys}`, () =>
      this.#ask('readHeads', stampKey === undefined ? keys : [...keys, stampKey], server => ({
        heads:
          stampKey === undefined ? this.#deps.scripts.heads(server, keys) : stampIn(server, keys, stampKey),
      })),
    )
    asked.then(
      heads => answered(undefined, heads),
      error => answered(error, undefined),
    )
  }

  async identify(): Promise<CacheIdentity> {
    const { view, gate, marker, absent } = PLAIN_NAMES
    const looking = this.#ask('identify', [view, gate, marker, absent], server => ({
      identity: server.identity,
      role: server.role,
      view: server.get(PLAIN_NAMES.view) ?? null,
      gateHeld: this.#gateHeld(server),
      marker: markerIn(server.get(PLAIN_NAMES.marker)),
    }))
    const seen = await looking.catch(error => {
      throw this.#heard(error)
    })
    if (seen.role !== 'master') this.#deps.connections.leaveReplica('read')
    if (seen.connection < 0) throw new CacheUnavailableError('a connection was lost')
    return seen
  }

  async claim(identity: DatasetIdentity, { database }: Claimant, kind: ClaimKind): Promise<RedisOwner> {
    const { timeline, scripts, rules } = this.#deps
    const heeded = rules.standingClaims ? kind : 'anew'
    const claim = (server: RedisServer) => {
      const until = this.#claimedUntil
      return until === 0
        ? 'this-database'
        : server.atomically(() => scripts.claim(server, database, timeline.now, until, heeded))
    }
    const owner = await this.#onDataset(identity, 'claim', [PLAIN_NAMES.owner], claim)
    if (owner === 'view') throw new CacheUnavailableError('Redis holds another dataset by now')
    return owner
  }

  /** When a claim of now ends; 0 when there is none, because of one database alone nothing depends on it. */
  get #claimedUntil(): number {
    const { timeline, claimMs } = this.#deps
    return claimMs === 0 ? 0 : timeline.now + claimMs
  }

  async readMarker(identity?: DatasetIdentity): Promise<Marker | null> {
    const read = (server: RedisServer) => markerIn(server.get(PLAIN_NAMES.marker))
    if (identity === undefined)
      return (await this.#deps.connections.ask('read', 'readMarker', [PLAIN_NAMES.marker], read)).value
    const marker = await this.#onDataset(identity, 'readMarker', [PLAIN_NAMES.marker], read)
    if (marker === 'view') throw new CacheUnavailableError('Redis holds another dataset by now')
    return marker
  }

  async fence(v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome> {
    return this.script(v, 'fence', buried(fences), server => {
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

  put(v: ViewToken, nonce: string, entries: readonly CacheEntry[]): Promise<ScriptOutcome> {
    return this.script(v, 'put', stamped(entries), server => {
      if (server.full) throw new CacheUnavailableError('OOM command not allowed')
      return this.#deps.scripts.put(server, v, nonce, entries)
    })
  }

  makeStamps(v: ViewToken, stampKeys: readonly string[]): Promise<readonly string[] | 'view'> {
    return this.script(v, 'makeStamps', stampKeys, server => {
      if (server.full) throw new CacheUnavailableError('OOM command not allowed')
      return this.#deps.scripts.makeStamps(server, v, stampKeys)
    })
  }

  fill(v: ViewToken, fills: readonly CacheFill[]): Promise<ScriptOutcome> {
    return this.script(v, 'fill', stamped(fills), server => {
      if (server.full) throw new CacheUnavailableError('OOM command not allowed')
      return this.#deps.scripts.fill(server, v, fills)
    })
  }

  unfence(v: ViewToken, nonce: string, entry: CacheEntry): Promise<ScriptOutcome> {
    return this.script(v, 'unfence', stamped([entry]), server => {
      if (server.full) throw new CacheUnavailableError('OOM command not allowed')
      return this.#deps.scripts.unfence(server, v, nonce, entry)
    })
  }

  erase(v: ViewToken, nonce: string, deleted: readonly CacheFence[]): Promise<ScriptOutcome> {
    return this.script(v, 'erase', buried(deleted), server =>
      this.#deps.scripts.erase(server, v, nonce, deleted),
    )
  }

  adopt(v: ViewToken): Promise<ScriptOutcome> {
    return this.script(v, 'adopt', [PLAIN_NAMES.owner], server =>
      this.#deps.scripts.adopt(server, v, this.#deps.timeline.now),
    )
  }

  cold(v: ViewToken): Promise<ScriptOutcome> {
    if (!this.#deps.rules.adoptBeforeSweep) return Promise.resolve('done')
    return this.#cold(v)
  }

  async sweep(v: ViewToken, from: string | null): Promise<SweepStep | 'view'> {
    const scan = (server: RedisServer) =>
      server
        .dump()
        .map(([key]) => key)
        .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
        .filter(key => from === null || placeOf(key) > placeOf(from))
    const keys = await this.#onDataset(v.identity, 'scan', [], scan)
    if (keys === 'view') return 'view'
    const page = keys.slice(0, KEYS_PER_SCAN)
    const own = page.filter(key => !UNSWEPT.has(key))
    const next = keys.length > page.length ? page.at(-1)! : null
    const { adoptBeforeSweep } = this.#deps.rules
    const outcome = await this.script(v, 'sweep', own, server =>
      this.#deps.scripts.sweep(server, v, own, adoptBeforeSweep),
    )
    if (outcome !== 'done') return 'view'
    if (!adoptBeforeSweep && next === null && (await this.#cold(v)) !== 'done') return 'view'
    return { next }
  }

  #cold(v: ViewToken): Promise<ScriptOutcome> {
    return this.script(v, 'cold', [PLAIN_NAMES.owner, PLAIN_NAMES.marker], server =>
      this.#deps.scripts.cold(server, v, this.#deps.timeline.now, this.#claimedUntil),
    )
  }

  hold(v: ViewToken, ttlMs: number): Promise<ScriptOutcome> {
    const { now } = this.#deps.timeline
    const until = ttlMs === 0 ? 0 : now + ttlMs
    return this.script(v, 'hold', [PLAIN_NAMES.owner, PLAIN_NAMES.gate], server =>
      this.#deps.scripts.hold(server, v, until, now),
    )
  }

  proposeMarker(v: ViewToken, nonce: string): Promise<ScriptOutcome> {
    return this.script(v, 'proposeMarker', [PLAIN_NAMES.proposal], server =>
      this.#deps.scripts.proposeMarker(server, v, nonce),
    )
  }

  advanceMarker(v: ViewToken, nonce: string, marker: Marker): Promise<ScriptOutcome> {
    return this.script(v, 'advanceMarker', [PLAIN_NAMES.marker, PLAIN_NAMES.proposal], server =>
      this.#deps.scripts.advanceMarker(server, v, nonce, marker),
    )
  }

  /** Runs a script with these keys and the view's on the connection for scripts, as script-runner.ts does. */
  script<T>(
    v: ViewToken,
    name: string,
    keys: readonly string[],
    run: (server: RedisServer) => T,
  ): Promise<T | 'view'> {
    return this.#onDataset(v.identity, name, [PLAIN_NAMES.view, ...keys], server => {
      if (server.role !== 'master') {
        this.#deps.connections.leaveReplica('script')
        throw new CacheUnavailableError('READONLY')
      }
      return server.atomically(() => run(server))
    })
  }

  /** What was done is done; 'view' = it was done to another dataset, or not at all in another process. */
  async #onDataset<T>(
    { runId, replicationId }: DatasetIdentity,
    name: string,
    keys: readonly string[],
    run: (server: RedisServer) => T,
  ): Promise<T | 'view'> {
    const { connections, rules } = this.#deps
    const answer = await connections.ask('script', name, keys, server =>
      rules.dataset && server.identity.runId !== runId ? 'view' : run(server),
    )
    const same = answer.role === 'master' && answer.identity.replicationId === replicationId
    return rules.dataset && !same ? 'view' : answer.value
  }

  /** With the rule off, keys that are elsewhere are a failure like any other. */
  #heard(error: unknown): unknown {
    const isHeard = this.#deps.rules.movesHeard || !(error instanceof KeysElsewhereError)
    return isHeard ? error : new CacheUnavailableError(error.message)
  }

  async #ask<T extends object>(
    name: string,
    keys: readonly string[],
    run: (server: RedisServer) => T,
  ): Promise<T & { connection: number }> {
    const { connections, rules } = this.#deps
    const { value, connection } = await connections.ask('read', name, keys, run)
    return { ...value, connection: rules.connectionNamed ? connection : 0 }
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

  #gateHeld(server: RedisServer): boolean {
    const [, until, view] = /^([\d.]+) (.+)$/.exec(server.get(PLAIN_NAMES.gate) ?? '') ?? []
    return view === server.get(PLAIN_NAMES.view) && Number(until) > this.#deps.timeline.now
  }

  #expire(server: RedisServer, nonce: string, keys: readonly string[], ms: number): void {
    this.#deps.timeline.later(ms, () =>
      server.atomically(() => {
        for (const key of keys) if (server.get(key)?.includes(`"${nonce}"`)) server.delete(key)
      }),
    )
  }
}

/** Where a sweep meets the key: the stamps last, which is worst. */
function placeOf(key: string): string {
  return key.startsWith('gateway:stamp:') ? `~${key}` : key
}

/** The keys of documents with the stamp of their user, as redis-cache.ts declares them. */
function stamped(documents: readonly Pick<CacheEntry, 'keys'>[]): readonly string[] {
  return documents.flatMap(({ keys }) => [PLAIN_NAMES.stampOf(keys[0]!), ...keys])
}

function buried(documents: readonly CacheFence[]): readonly string[] {
  return documents.flatMap(({ keys }) => [
    PLAIN_NAMES.stampOf(keys[0]!),
    PLAIN_NAMES.tombstoneOf(keys[0]!),
    ...keys,
  ])
}

function bufferOf(text: string | undefined): Buffer | null {
  return text === undefined ? null : Buffer.from(text)
}

function stampIn(server: RedisServer, keys: readonly string[], stampKey: string): Buffer {
  const all = keys.every(key => server.get(key) !== undefined)
  return Buffer.from((all && server.get(stampKey)) || '')
}
