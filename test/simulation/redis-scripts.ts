import type { CacheEntry, CacheFence, Marker, ScriptOutcome } from '../../src/consistency/cache-port.ts'
import type { ViewToken } from '../../src/consistency/ports.ts'
import { fenceText, HEAD_BYTES, headOf } from '../../src/consistency/stored-bytes.ts'
import { epochOf, viewText } from '../../src/consistency/token.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
import type { RedisServer } from './redis-server.ts'

/** Beyond it INCR is refused. */
const MAX_INTEGER = 2n ** 63n - 1n

/** Rules of the scripts that the test build can switch off. Names are those of rules.ts. */
export interface ScriptRules {
  /** Scripts refuse unless gateway:view holds V. */
  readonly viewText: boolean
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
    for (const { keys, min } of fences) {
      const { version, fence } = headIn(server, keys[0]!)
      const newer = (version !== undefined && version >= min) || (fence !== undefined && fence.min > min)
      if (newer || erasedAt(server, keys[0]!) >= min) {
        outcome = 'refused'
        continue
      }
      if (!this.#rules.ownNonce && fence?.min === min) continue
      for (const key of keys) server.set(key, fenceText(min, nonce))
      if (this.#rules.stampedFences) this.#stamp(server, keys[0]!)
    }
    return outcome
  }

  put(server: RedisServer, v: ViewToken, entries: readonly CacheEntry[]): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    let outcome: ScriptOutcome = 'done'
    for (const entry of entries) if (!this.#putOne(server, entry)) outcome = 'refused'
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

  erase(server: RedisServer, v: ViewToken, nonce: string, fences: readonly CacheFence[]): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
    let outcome: ScriptOutcome = 'done'
    for (const { keys, min } of fences) {
      if (headIn(server, keys[0]!).fence?.nonce !== nonce) {
        outcome = 'refused'
        continue
      }
      server.set(erasedField(keys[0]!), String(min))
      for (const key of keys) server.delete(key)
      this.#stamp(server, keys[0]!)
    }
    return outcome
  }

  adopt(server: RedisServer, v: ViewToken): ScriptOutcome {
    if (epochOf(server.get(PLAIN_NAMES.view) ?? '') >= v.epoch) return 'view'
    server.set(PLAIN_NAMES.view, viewText(v))
    return 'done'
  }

  cold(server: RedisServer, v: ViewToken): ScriptOutcome {
    if (epochOf(server.get(PLAIN_NAMES.view) ?? '') >= v.epoch) return 'view'
    server.delete(PLAIN_NAMES.marker)
    server.set(PLAIN_NAMES.view, viewText(v))
    return 'done'
  }

  sweep(server: RedisServer, v: ViewToken, keys: readonly string[], underView = true): ScriptOutcome {
    if (underView && !this.#fit(server, v)) return 'view'
    for (const key of keys) server.delete(key)
    return 'done'
  }

  hold(server: RedisServer, v: ViewToken, until: number): ScriptOutcome {
    if (!this.#fit(server, v)) return 'view'
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

  #putOne(server: RedisServer, { keys, version, values }: CacheEntry): boolean {
    const [whole] = keys as readonly [string]
    const { version: stored, fence } = headIn(server, whole)
    if ((stored !== undefined && stored > version) || (fence !== undefined && fence.min > version))
      return false
    if (erasedAt(server, whole) >= version) return false
    let touched = stored !== version
    if (touched) {
      server.set(whole, String(values[0]))
      server.delete(erasedField(whole))
    }
    for (let part = 1; part < keys.length; part++) {
      const value = String(values[part])
      if (server.get(keys[part]!)?.slice(0, HEAD_BYTES) === value.slice(0, HEAD_BYTES)) continue
      server.set(keys[part]!, value)
      touched = true
    }
    if (touched) this.#stamp(server, whole)
    return true
  }

  /** `changing` of lib.lua. */
  #stamp(server: RedisServer, key: string): void {
    const [, user] = /^user:([^:]+):/.exec(key) ?? []
    if (user === undefined) return
    const last = server.get(PLAIN_NAMES.stamp(user)) ?? ''
    const counts = last.length >= 16 && /^-?[1-9]\d*$/.test(last) && BigInt(last) < MAX_INTEGER
    const first = this.#rules.freshStamps ? server.microseconds : 10 ** 15
    server.set(PLAIN_NAMES.stamp(user), String(counts ? BigInt(last) + 1n : first))
  }

  #fit(server: RedisServer, v: ViewToken): boolean {
    return !this.#rules.viewText || server.get(PLAIN_NAMES.view) === viewText(v)
  }
}

/** The version at which a missing document was erased. */
function erasedAt(server: RedisServer, key: string): number {
  return server.get(key) === undefined ? Number(server.get(erasedField(key)) ?? 0) : 0
}

/** A field of the hash gateway:erased, as a key of the in-memory server. */
export function erasedField(key: string): string {
  return `${PLAIN_NAMES.erased} ${key}`
}

export function markerIn(text: string | undefined): Marker | null {
  const [, xid, database] = /^(\d+) (.+)$/.exec(text ?? '') ?? []
  return xid === undefined || database === undefined ? null : { xid: BigInt(xid), database }
}

function headIn(server: RedisServer, key: string) {
  const text = server.get(key)
  const head = text === undefined ? undefined : headOf(Buffer.from(text.slice(0, HEAD_BYTES)))
  return {
    version: head?.type === 'value' ? head.version : undefined,
    fence: head?.type === 'fence' ? head : undefined,
  }
}
