import type {
  CacheEntry,
  CacheFence,
  CacheFill,
  ClaimKind,
  Marker,
  RedisOwner,
  ScriptOutcome,
} from '../../src/consistency/cache-port.ts'
import { HEAD_BYTES, headOf, type StoredHead } from '../../src/consistency/stored-bytes.ts'
import { databaseOf, epochOf, viewText } from '../../src/consistency/token.ts'
import type { ViewToken } from '../../src/consistency/views.ts'
import { fenceText } from '../helper/fence-text.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
import type { RedisServer } from './redis-server.ts'

/** A stamp as the scripts make it. */
const STAMP = /^[1-8]\d{15}$/

/** Rules of the scripts that the test build can switch off. Names are those of rules.ts. */
export interface ScriptRules {
  /** Scripts refuse unless gateway:view holds V. */
  readonly viewText: boolean
  /** V names the database. */
  readonly viewNamesDatabase: boolean
  /** A claim of another database that lives is respected. */
  readonly claims: boolean
  /** A gate looks whether another database has claimed the keys. */
  readonly gateMindsClaim: boolean
  /** The marker moves only where the nonce that was proposed is found. */
  readonly proposedMarker: boolean
  /** A fence replaces an equal one with its own nonce. */
  readonly ownNonce: boolean
  /** The stamp of a user grows with each fence on a document. */
  readonly stampedFences: boolean
  /** A stamp that was lost begins with the microseconds of now. */
  readonly freshStamps: boolean
  /** unfence only takes away exactly the fence it names. */
  readonly exactNonce: boolean
  /** A fill of what is missing or fenced needs the stamp that its reader saw. */
  readonly stampedFills: boolean
  /** The put of a writer needs its own fence, or an older value. */
  readonly putOverOwnFence: boolean
  /** No version of a document is fenced that the tombstone of its user names as deleted. */
  readonly tombstones: boolean
}

/** The scripts of src/cache/scripts over the in-memory server, rule for rule (conformance.test.ts compares them). */
export class RedisScripts {
  readonly #rules: ScriptRules

  constructor(rules: ScriptRules) {
    this.#rules = rules
  }

  fence(server: RedisServer, v: ViewToken, nonce: string, fences: readonly CacheFence[]): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    let outcome: ScriptOutcome = 'done'
    let raised: string | undefined
    for (const { keys, min } of fences) {
      const { version, fence } = headIn(server, keys[0]!)
      const newer = (version !== undefined && version >= min) || (fence !== undefined && fence.min > min)
      if (newer || this.#isDead(server, keys[0]!, min)) {
        outcome = 'refused'
        continue
      }
      if (!this.#rules.ownNonce && fence?.min === min) continue
      for (const key of keys) server.set(key, fenceText(min, nonce))
      const stamp = stampOf(keys[0]!)
      if (this.#rules.stampedFences && stamp !== raised) this.#stamp(server, keys[0]!)
      raised = stamp
    }
    return outcome
  }

  put(server: RedisServer, v: ViewToken, nonce: string, entries: readonly CacheEntry[]): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    let outcome: ScriptOutcome = 'done'
    for (const entry of entries) if (!this.#putOne(server, nonce, entry)) outcome = 'refused'
    return outcome
  }

  makeStamps(server: RedisServer, v: ViewToken, stampKeys: readonly string[]): readonly string[] | 'view' {
    if (!this.#fit(server, v)) return 'view'
    return stampKeys.map(key => {
      if (!STAMP.test(server.get(key) ?? '')) server.set(key, this.#following(server, 0))
      return server.get(key)!
    })
  }

  fill(server: RedisServer, v: ViewToken, fills: readonly CacheFill[]): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    let outcome: ScriptOutcome = 'done'
    for (const fill of fills) if (!this.#fillOne(server, fill)) outcome = 'refused'
    return outcome
  }

  unfence(server: RedisServer, v: ViewToken, nonce: string, entry: CacheEntry): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    const { fence } = headIn(server, entry.keys[0]!)
    const exact = this.#rules.exactNonce ? fence?.nonce === nonce : fence !== undefined
    if (!exact) return 'refused'
    entry.keys.forEach((key, index) => {
      server.set(key, String(entry.values[index]))
    })
    this.#stamp(server, entry.keys[0]!)
    return 'done'
  }

  erase(server: RedisServer, v: ViewToken, nonce: string, deleted: readonly CacheFence[]): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    let outcome: ScriptOutcome = 'done'
    for (const { keys, min } of deleted) {
      const { version, fence } = headIn(server, keys[0]!)
      const newer = fence !== undefined && fence.min > min && fence.nonce !== nonce
      if (newer || (version !== undefined && version > min)) {
        outcome = 'refused'
        continue
      }
      bury(server, keys[0]!, min + 1)
      this.#stamp(server, keys[0]!)
      for (const key of keys) server.delete(key)
    }
    return outcome
  }

  claim(
    server: RedisServer,
    database: string,
    now: number,
    until: number,
    kind: ClaimKind = 'anew',
  ): RedisOwner {
    const owner = ownerOf(server, now)
    if (this.#rules.claims && owner !== undefined && owner !== database) return { another: owner }
    if (owner === undefined && kind === 'standing') return 'nobody'
    server.set(PLAIN_NAMES.owner, `${until} ${database}`)
    return 'this-database'
  }

  adopt(server: RedisServer, v: ViewToken, now = 0): ScriptOutcome {
    if (this.#isClaimed(server, v, now)) return 'view'
    if (epochOf(server.get(PLAIN_NAMES.view) ?? '') >= v.epoch) return 'view'
    server.set(PLAIN_NAMES.view, viewText(v))
    return 'done'
  }

  /** `until`: as long as the keys are claimed; 0 = they are not. */
  cold(server: RedisServer, v: ViewToken, now = 0, until = 0): ScriptOutcome {
    if (this.#isClaimed(server, v, now)) return 'view'
    if (epochOf(server.get(PLAIN_NAMES.view) ?? '') >= v.epoch) return 'view'
    if (until > 0) this.claim(server, v.database, now, until)
    server.delete(PLAIN_NAMES.marker)
    server.set(PLAIN_NAMES.view, viewText(v))
    return 'done'
  }

  sweep(server: RedisServer, v: ViewToken, keys: readonly string[], underView = true): ScriptOutcome {
    if (underView && !this.#fit(server, v)) return 'view'
    for (const key of keys) server.delete(key)
    return 'done'
  }

  hold(server: RedisServer, v: ViewToken, until: number, now = 0): ScriptOutcome {
    if (this.#isClaimed(server, v, now) || !this.#fit(server, v)) return 'view'
    if (until > 0) server.set(PLAIN_NAMES.gate, `${until} ${viewText(v)}`)
    return 'done'
  }

  proposeMarker(server: RedisServer, v: ViewToken, nonce: string): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    server.set(PLAIN_NAMES.proposal, nonce)
    return 'done'
  }

  advanceMarker(server: RedisServer, v: ViewToken, nonce: string, { xid, database }: Marker): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    if (this.#rules.proposedMarker && server.get(PLAIN_NAMES.proposal) !== nonce) return 'refused'
    const stored = markerIn(server.get(PLAIN_NAMES.marker))
    if (stored?.database !== database || stored.xid < xid)
      server.set(PLAIN_NAMES.marker, `${xid} ${database}`)
    return 'done'
  }

  heads(server: RedisServer, keys: readonly string[]): Buffer {
    return Buffer.from(keys.map(key => (server.get(key) ?? '').slice(0, HEAD_BYTES)).join('\n'))
  }

  /** The tombstone names the document with a version above. */
  #isDead(server: RedisServer, whole: string, min: number): boolean {
    return this.#rules.tombstones && (floorsIn(server, PLAIN_NAMES.tombstoneOf(whole)).get(whole) ?? 0) > min
  }

  #putOne(server: RedisServer, nonce: string, entry: CacheEntry): boolean {
    const { version: stored, fence } = headIn(server, entry.keys[0]!)
    if (stored === entry.version) this.#heal(server, entry)
    else if (
      (stored !== undefined && stored < entry.version) ||
      this.#isOwn(fence, nonce, entry.version, stored)
    ) {
      this.#stamp(server, entry.keys[0]!)
      store(server, entry)
    } else return false
    return true
  }

  /** With the rule off: whatever is not newer. */
  #isOwn(fence: Fence | undefined, nonce: string, version: number, stored: number | undefined): boolean {
    if (this.#rules.putOverOwnFence) return fence?.nonce === nonce
    return stored === undefined && (fence === undefined || fence.min <= version)
  }

  #fillOne(server: RedisServer, fill: CacheFill): boolean {
    const [whole] = fill.keys as readonly [string]
    const { version: stored, fence } = headIn(server, whole)
    if (stored === fill.version) this.#heal(server, fill)
    else if (stored !== undefined && stored < fill.version) {
      this.#stamp(server, whole)
      store(server, fill)
    } else if (stored !== undefined || (fence !== undefined && fence.min > fill.version)) return false
    else if (this.#rules.stampedFills && server.get(stampOf(whole)) !== fill.stamp) return false
    else store(server, fill)
    return true
  }

  #heal(server: RedisServer, { keys, values }: CacheEntry): void {
    for (let part = 1; part < keys.length; part++) {
      const value = String(values[part])
      if (server.get(keys[part]!)?.slice(0, HEAD_BYTES) === value.slice(0, HEAD_BYTES)) continue
      this.#stamp(server, keys[0]!)
      server.set(keys[part]!, value)
    }
  }

  /** `changing` of lib.lua. */
  #stamp(server: RedisServer, key: string): void {
    const last = server.get(stampOf(key)) ?? ''
    server.set(stampOf(key), this.#following(server, STAMP.test(last) ? Number(last) : 0))
  }

  #following(server: RedisServer, last: number): string {
    const first = this.#rules.freshStamps ? server.microseconds : 10 ** 15
    return String(Math.max(first, last + 1))
  }

  #fit(server: RedisServer, v: ViewToken): boolean {
    const stored = server.get(PLAIN_NAMES.view) ?? ''
    const database = this.#rules.viewNamesDatabase ? v.database : (databaseOf(stored) ?? v.database)
    return !this.#rules.viewText || stored === viewText({ ...v, database })
  }

  #isClaimed(server: RedisServer, { database }: ViewToken, now: number): boolean {
    const owner = ownerOf(server, now)
    return this.#rules.gateMindsClaim && owner !== undefined && owner !== database
  }
}

/** The database that has claimed the keys and lives. */
export function ownerOf(server: RedisServer, now: number): string | undefined {
  const [, until, database] = /^([\d.]+) (\S+)$/.exec(server.get(PLAIN_NAMES.owner) ?? '') ?? []
  return Number(until) > now ? database : undefined
}

function stampOf(key: string): string {
  return PLAIN_NAMES.stampOf(key)
}

function store(server: RedisServer, { keys, values }: CacheEntry): void {
  keys.forEach((key, part) => {
    server.set(key, String(values[part]))
  })
}

/** By the key of the whole: the lowest version that may follow a deletion. */
export function floorsIn(server: RedisServer, tombstone: string): Map<string, number> {
  const lines = (server.get(tombstone) ?? '').matchAll(/\n(\S+) (\d+)/g)
  return new Map([...lines].map(([, whole, floor]) => [whole!, Number(floor)]))
}

function bury(server: RedisServer, whole: string, floor: number): void {
  const tombstone = PLAIN_NAMES.tombstoneOf(whole)
  const floors = floorsIn(server, tombstone)
  const last = Math.max(floor, floors.get(whole) ?? 0)
  floors.delete(whole)
  floors.set(whole, last)
  server.set(tombstone, [...floors].map(([key, each]) => `\n${key} ${each}`).join(''))
}

export function markerIn(text: string | undefined): Marker | null {
  const [, xid, database] = /^(\d+) (.+)$/.exec(text ?? '') ?? []
  return xid === undefined || database === undefined ? null : { xid: BigInt(xid), database }
}

type Fence = Extract<StoredHead, { type: 'fence' }>

function headIn(server: RedisServer, key: string) {
  const text = server.get(key)
  const head = text === undefined ? undefined : headOf(Buffer.from(text.slice(0, HEAD_BYTES)))
  return {
    version: head?.type === 'value' ? head.version : undefined,
    fence: head?.type === 'fence' ? head : undefined,
  }
}
