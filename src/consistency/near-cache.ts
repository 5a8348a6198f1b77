import { documentIn, type HeldDocument, type NearEntry } from './near-entry.ts'
import { sameIdentity } from './token.ts'
import type { ViewToken } from './views.ts'

interface HeldEntry extends NearEntry {
  readonly size: number
  /** True if used since the clock hand last passed. */
  used: boolean
}

interface UserShare {
  bytes: number
  readonly ids: Set<string>
}

/** Cost of an entry in addition to its bytes: objects, the key strings, the maps. */
const ENTRY_BYTES = 500
/** Cost of a document in addition to its bytes: its version, its time and its place. */
const DOCUMENT_BYTES = 100
/** The part of the cache that one user may have, or one entry: documents of megabytes must not evict those of all others. */
const USER_SHARE = 1 / 8
/** Reads that the doorkeeper remembers. */
const MAX_REFUSED = 20_000

/**
 * The near cache: bytes of recent reads, bounded in bytes, so that a read need move only the first bytes of each key
 * out of Redis, or the versions out of PostgreSQL. It never answers by itself: the Reader asks Redis for these heads on
 * every read, under the rules of every other read, or the database for what has changed (DegradedRead), and only then sends
 * what is held here.
 *
 * Equal heads mean equal bytes, because within one V a version of a document belongs to one value:
 * - Only committed rows get into Redis, and a row's version grows with each change under its row lock. It never
 *   restarts: a deleted document keeps its row and version, and a user created again continues from there; sections
 *   share the version of their document and are made from the same row.
 * - A script stores a version only in place of an older one or a fence, and a fence is refused where its version is stored
 *   already. So one database cannot put a second value under a version that was seen.
 * - Another database (restored, promoted) or another dataset in Redis (restarted, restored, failed over) is another V.
 *   Entries of another V are not found, and the lease says whether Redis holds this V at the moment of the reply.
 * - A head also holds `updated_at`; a fence is a head that equals no value's, so it leads to the database like any other.
 *
 * Several documents of one user have one head, because one of each would cost Redis more than all else together: the stamp,
 * a number that every fence and every put moves on in the same step. It was read in the same MGET as the documents, all of
 * which were values. An operator who deletes or replaces it makes the next script begin with the microseconds of that
 * moment, above all that was made before, and a text that no script has made is not compared.
 *
 * Only a fill of a missing or fenced key leaves the stamp as it is. It cannot confirm older bytes: where all keys were values
 * beside the stamp S, a later version has moved the stamp with its fence, and a key that an operator deleted meanwhile is
 * filled under S only with what was committed at S, which is what was kept.
 *
 * Evicts by the clock algorithm: a hit sets a flag and moves nothing. Once full, it admits only what is read a second
 * time (the doorkeeper of Einziger, Friedman and Manes, "TinyLFU", 2017): with far more users than fit, copies that
 * are never read again would cost more than they save.
 */
export class NearCache {
  readonly #maxBytes: number
  readonly #held = new Map<string, HeldEntry>()
  readonly #refused = new Set<string>()
  readonly #users = new Map<string, UserShare>()
  #bytes = 0

  /** 0 = keeps nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes kept at this moment, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** The entry of this V. It may be old: the caller compares the heads. */
  find(id: string, v: ViewToken): NearEntry | undefined {
    const held = this.#held.get(id)
    if (held?.v === undefined || held.v.epoch !== v.epoch || !sameIdentity(held.v.identity, v.identity))
      return undefined
    held.used = true
    return held
  }

  /** The last entry of this id, of any V or the database: the caller compares the versions. */
  last(id: string): NearEntry | undefined {
    const held = this.#held.get(id)
    if (held !== undefined) held.used = true
    return held
  }

  /** True when it is the entry of this id, and not one that was replaced or evicted. */
  holds(id: string, entry: NearEntry): boolean {
    return this.#held.get(id) === entry
  }

  /** The document with these keys has this version: entries of its user that hold another one are followed no longer. */
  unfollow(userId: string, keys: readonly string[], version: number): void {
    for (const id of this.#users.get(userId)?.ids ?? []) {
      const entry = this.#held.get(id)!
      for (const key of keys) {
        const at = entry.keys.indexOf(key)
        if (at >= 0 && entry.versions[at] !== version) entry.horizon = undefined
      }
    }
  }

  /** The newest held copies of the documents with these keys, from this read and the others of its user. */
  newest(id: string, keys: readonly string[]): readonly (HeldDocument | undefined)[] {
    const newest: (HeldDocument | undefined)[] = keys.map(() => undefined)
    for (const other of this.#users.get(userOf(id))?.ids ?? []) {
      const entry = this.#held.get(other)!
      keys.forEach((key, index) => {
        const at = entry.keys.indexOf(key)
        if (at >= 0 && entry.versions[at]! > (newest[index]?.version ?? 0))
          newest[index] = documentIn(entry, at)
      })
    }
    return newest
  }

  /** The documents with these keys as one read of the user had them, the one that was confirmed last; undefined = none had all of them. */
  ofOneMoment(id: string, keys: readonly string[]): readonly HeldDocument[] | undefined {
    let newest: NearEntry | undefined
    for (const other of this.#users.get(userOf(id))?.ids ?? []) {
      const entry = this.#held.get(other)!
      if (entry.confirmedAt > (newest?.confirmedAt ?? -1) && keys.every(key => entry.keys.includes(key)))
        newest = entry
    }
    return newest && keys.map(key => documentIn(newest, newest.keys.indexOf(key)))
  }

  /** Monotonic time of the oldest confirmation of all entries; undefined = nothing is held. */
  get oldestConfirmation(): number | undefined {
    let oldest: number | undefined
    for (const { confirmedAt } of this.#held.values())
      if (oldest === undefined || confirmedAt < oldest) oldest = confirmedAt
    return oldest
  }

  /** Replaces the entry of this id. Answers the one that is held; undefined = there is no room for it. */
  keep(id: string, entry: NearEntry): NearEntry | undefined {
    const size = sizeOf(id, entry)
    if (size > this.#maxBytes) return undefined
    const before = this.#held.get(id)
    if (before !== undefined) this.#remove(id, before)
    const own = this.#users.get(userOf(id))?.bytes ?? 0
    if (own > 0 && own + size > this.#maxBytes * USER_SHARE) return undefined
    if (before === undefined && this.#bytes + size > this.#maxBytes && !this.#askedBefore(id))
      return undefined
    this.#makeRoomFor(size)
    const values = entry.values.map(compact)
    const held = { ...entry, values, heads: compact(entry.heads), size, used: false }
    this.#held.set(id, held)
    this.#bytes += size
    const user = userOf(id)
    const share = this.#users.get(user)
    if (share === undefined) this.#users.set(user, { bytes: size, ids: new Set([id]) })
    else {
      share.bytes += size
      share.ids.add(id)
    }
    return held
  }

  /** The doorkeeper: true from the second time on. Forgets all ids when it is full. */
  #askedBefore(id: string): boolean {
    if (this.#refused.delete(id)) return true
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear()
    this.#refused.add(id)
    return false
  }

  /** The map is the clock's face, oldest first; an entry that was used goes round once more. */
  #makeRoomFor(size: number): void {
    for (const [id, held] of this.#held) {
      if (this.#bytes + size <= this.#maxBytes) return
      if (held.used) {
        held.used = false
        this.#held.delete(id)
        this.#held.set(id, held)
      } else this.#remove(id, held)
    }
  }

  #remove(id: string, held: HeldEntry): void {
    this.#held.delete(id)
    // A read may still wait for the confirmation of this entry, in which no change is noted from now on.
    held.horizon = undefined
    this.#bytes -= held.size
    const user = userOf(id)
    const share = this.#users.get(user)!
    share.bytes -= held.size
    share.ids.delete(id)
    if (share.ids.size === 0) this.#users.delete(user)
  }
}

/** The user of an id: ids of reads begin with the user, before a line feed. */
export function userOf(id: string): string {
  const end = id.indexOf('\n')
  return end < 0 ? id : id.slice(0, end)
}

function sizeOf(id: string, { keys, heads, values }: NearEntry): number {
  const bytes = values.reduce((sum, value) => sum + value.length, heads.length + DOCUMENT_BYTES * keys.length)
  // Twice, because the command that asks for the keys is kept with them.
  return ENTRY_BYTES + 2 * id.length + keys.reduce((sum, key) => sum + 2 * key.length, bytes)
}

/** Copies a slice: a reply is a slice of a socket buffer, and keeping it would keep the whole buffer alive. */
function compact(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
