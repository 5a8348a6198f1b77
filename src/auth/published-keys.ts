import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { fetchKeys, IssuerUnavailableError } from './fetch-keys.ts'

export type Algorithm = 'RS256' | 'ES256'

/** A key of the issuer as PEM, and what it verifies. */
export interface PublishedKey {
  readonly pem: string
  readonly algorithm: Algorithm
}

/** Keys are fetched again after this time, so that a key that the issuer withdraws ends. */
const FRESH_MS = 10 * 60_000
/** While the issuer is away its keys stay valid for so long: longer than an outage, shorter than a key should live. */
const KEPT_MS = 24 * 60 * 60_000
/** Least time between two requests: unknown key ids in tokens must not become load on the issuer. */
const PAUSE_MS = 1_000
/** The same after a request that failed: no caller waits for an issuer that is away. */
const FAILURE_PAUSE_MS = 5_000
/** After this time the issuer is asked again for a key id that it did not know. */
const UNKNOWN_MS = 10_000
/** Names of unknown keys that are remembered, the oldest go first; and how long a name may be: 256 KB together. */
const MAX_UNKNOWN = 1_000
const MAX_KID_LENGTH = 256
/** An issuer that publishes more is not understood. */
const MAX_KEYS = 100

/** The clock and the request to the issuer; tests bring their own. */
export interface KeySources {
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<unknown>
  readonly fetch: () => Promise<readonly unknown[]>
}

/**
 * The keys of an issuer (JWKS), by their `kid`. One request at a time, which all callers share; its time and its bytes are
 * bounded. get-jwks has neither limit, asks once per guess, and its caches follow no outage.
 */
export class PublishedKeys {
  readonly #sources: KeySources
  #keys: ReadonlyMap<string, PublishedKey> = new Map()
  #fetchedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #failure: IssuerUnavailableError | undefined
  #fetching: Promise<void> | undefined
  /** Key ids that the issuer does not know, each with the time until which it is not asked again. */
  readonly #unknown = new Map<string, number>()

  constructor(url: URL, sources: Partial<KeySources> = {}) {
    this.#sources = {
      now: () => performance.now(),
      sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
      fetch: () => fetchKeys(url),
      ...sources,
    }
  }

  /** Undefined = the issuer does not know it. IssuerUnavailableError when only the issuer could tell. */
  async find(kid: string): Promise<PublishedKey | undefined> {
    const key = this.#keys.get(kid)
    const now = this.#sources.now()
    const age = now - this.#fetchedAt
    if (key !== undefined && age < FRESH_MS) return key
    if (kid.length > MAX_KID_LENGTH || (this.#unknown.get(kid) ?? now) > now) return undefined
    const kept = age < KEPT_MS ? key : undefined
    const asking = this.#ask().catch(error => {
      if (kept === undefined) throw error
    })
    // The last request failed: callers with a known key do not wait for the next.
    if (kept !== undefined && this.#failure !== undefined) return kept
    await asking
    if (this.#failure !== undefined) return kept
    const found = this.#keys.get(kid)
    if (found === undefined) this.#remember(kid)
    return found
  }

  #ask(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetch(): Promise<void> {
    const { now, sleep, fetch } = this.#sources
    const since = now() - this.#triedAt
    if (this.#failure !== undefined && since < FAILURE_PAUSE_MS) throw this.#failure
    if (since < PAUSE_MS) await sleep(PAUSE_MS - since)
    this.#triedAt = now()
    try {
      this.#keys = usable(await fetch())
      this.#fetchedAt = now()
      this.#failure = undefined
    } catch (cause) {
      this.#triedAt = now()
      this.#failure = new IssuerUnavailableError('the keys of JWKS_URL cannot be read', { cause })
      throw this.#failure
    }
  }

  #remember(kid: string): void {
    this.#unknown.delete(kid)
    if (this.#unknown.size >= MAX_UNKNOWN) {
      const oldest = this.#unknown.keys().next().value
      if (oldest !== undefined) this.#unknown.delete(oldest)
    }
    this.#unknown.set(kid, this.#sources.now() + UNKNOWN_MS)
  }
}

/** Keys by `kid`, without those that sign nothing or are of other kinds. Throws when none is left: the issuer answered nothing of use. */
function usable(published: readonly unknown[]): ReadonlyMap<string, PublishedKey> {
  const keys = new Map<string, PublishedKey>()
  for (const jwk of published.slice(0, MAX_KEYS)) {
    const { kid, use, alg } = (jwk ?? {}) as Record<string, unknown>
    const key = typeof kid === 'string' && (use ?? 'sig') === 'sig' ? publicKey(jwk as JsonWebKey) : undefined
    if (key !== undefined && (alg ?? key.algorithm) === key.algorithm) keys.set(kid as string, key)
  }
  if (keys.size === 0) throw new Error('no key there can verify RS256 or ES256')
  return keys
}

function publicKey(jwk: JsonWebKey): PublishedKey | undefined {
  const algorithm =
    jwk.kty === 'RSA' ? 'RS256' : jwk.kty === 'EC' && jwk.crv === 'P-256' ? 'ES256' : undefined
  if (algorithm === undefined) return undefined
  try {
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    return { pem: pem.toString(), algorithm }
  } catch {
    return undefined
  }
}
