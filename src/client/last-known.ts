import { createHash } from 'node:crypto'
import type { FallbackOptions } from './options.ts'

/** Settings as the gateway last answered them. */
export interface KnownSettings {
  readonly etag: string
  /** The text of the answer. */
  readonly body: string
  /** When the gateway last answered or confirmed it: milliseconds since 1970, and of performance.now(). */
  readonly confirmed: { readonly wall: number; readonly monotonic: number }
}

/** The owner of remembered settings: the `url` of the gateway, and the user or else the token. */
export interface SettingsOwner {
  readonly url: string
  readonly userId: string | undefined
  readonly token: string
}

/** Enough for the default number of users with documents of the usual size, and no more than a process can spare. */
const MAX_BYTES = 32 * 1_024 * 1_024
const MAX_USERS = 1_000

/** The last known settings of the users that were read last, in the memory of this process. Bounded in users and bytes. */
export class LastKnown {
  /** Settings by owner and path; the owner that was read last is last. */
  readonly #owners = new Map<string, Map<string, KnownSettings>>()
  readonly #maxUsers: number
  readonly #maxAgeMs: number
  #bytes = 0
  #writes = 0

  constructor({ maxAgeMs, maxUsers = MAX_USERS }: Pick<FallbackOptions, 'maxAgeMs' | 'maxUsers'>) {
    if (!(maxAgeMs >= 0)) throw new TypeError('fallback.maxAgeMs must be a number of milliseconds')
    if (!(maxUsers >= 1)) throw new TypeError('fallback.maxUsers must be at least 1')
    this.#maxAgeMs = maxAgeMs
    this.#maxUsers = maxUsers
  }

  /** Grows with each `forget`: a read that began before one must not bring back what was replaced. */
  get writes(): number {
    return this.#writes
  }

  /** Undefined when nothing is known, or it is too old. */
  find(owner: string, path: string): { readonly known: KnownSettings; readonly ageMs: number } | undefined {
    const known = this.get(owner, path)
    if (known === undefined) return undefined
    const ageMs = ageOf(known)
    return ageMs !== undefined && ageMs <= this.#maxAgeMs ? { known, ageMs: Math.round(ageMs) } : undefined
  }

  get(owner: string, path: string): KnownSettings | undefined {
    return this.#owners.get(owner)?.get(path)
  }

  set(owner: string, path: string, known: KnownSettings): void {
    const paths = this.#owners.get(owner) ?? new Map<string, KnownSettings>()
    this.#owners.delete(owner)
    this.#owners.set(owner, paths)
    this.#bytes += known.body.length - (paths.get(path)?.body.length ?? 0)
    paths.set(path, known)
    for (const oldest of this.#owners.keys()) {
      if (this.#owners.size <= this.#maxUsers && this.#bytes <= MAX_BYTES) break
      this.#remove(oldest)
    }
  }

  /** After a change: what was known is not the newest any more. */
  forget(owner: string): void {
    this.#writes++
    this.#remove(owner)
  }

  *entries(): Generator<readonly [owner: string, path: string, known: KnownSettings]> {
    for (const [owner, paths] of [...this.#owners]) {
      for (const [path, known] of [...paths]) yield [owner, path, known]
    }
  }

  #remove(owner: string): void {
    for (const { body } of this.#owners.get(owner)?.values() ?? []) this.#bytes -= body.length
    this.#owners.delete(owner)
  }
}

/** A token is never kept as it is. */
export function ownerName({ url, userId, token }: SettingsOwner): string {
  return userId === undefined
    ? `${url} token ${createHash('sha256').update(token).digest('hex')}`
    : `${url} user ${userId}`
}

export function confirmedNow(): KnownSettings['confirmed'] {
  return { wall: Date.now(), monotonic: performance.now() }
}

/**
 * The longer one of what both clocks say: the monotonic one stands still while the machine sleeps, the wall clock may
 * be set back. Undefined when the wall clock is before that moment: the age cannot be known.
 */
function ageOf({ confirmed }: KnownSettings): number | undefined {
  const wall = Date.now() - confirmed.wall
  if (Number.isNaN(confirmed.monotonic)) return wall < 0 ? undefined : wall
  return Math.max(wall, performance.now() - confirmed.monotonic)
}
