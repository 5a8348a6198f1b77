import type { Config } from '../config.ts'
import { DomainError } from '../errors.ts'
import { type Expiry, expiryAt, hasExpired } from '../expiry.ts'
import { IssuerUnavailableError } from './fetch-keys.ts'
import { createTokenVerifier, type VerifyToken } from './jwt.ts'
import { type Principal, requireUserId } from './principal.ts'
import { ServiceTokens } from './service-tokens.ts'

/**
 * Verifying a signature or digests costs more than Redis: verified headers are remembered until their token expires.
 * Only whole headers that were right are in the map, and it finds them by hashes with a secret seed: unlike with a
 * comparison of texts, the time of a look-up does not tell how much of a guess was right.
 */
const MAX_REMEMBERED = 10_000
/** Tokens that never expire are verified again after this time as well: keys may be withdrawn. */
const MAX_REMEMBERED_MS = 5 * 60 * 1_000
/** No honest token is longer. */
const MAX_TOKEN_LENGTH = 8_192
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i

interface KnownCaller {
  readonly principal: Principal
  readonly expiry: Expiry
}

/** Finds out who calls. */
export class Authenticator {
  readonly #services: ServiceTokens
  readonly #verify: VerifyToken
  readonly #remembered = new Map<string, KnownCaller>()

  constructor(config: Config['auth']) {
    this.#services = new ServiceTokens(config.serviceTokens)
    this.#verify = createTokenVerifier(config)
  }

  /** The principal if the header was verified before. Never waits. */
  known(header: string | undefined): Principal | undefined {
    if (header === undefined) return undefined
    const known = this.#remembered.get(header)
    if (known !== undefined && !hasExpired(known.expiry)) return known.principal
    return undefined
  }

  /** UNAUTHORIZED, without saying why; ISSUER_UNAVAILABLE when only the issuer's keys could tell; INVALID_USER_ID for a `sub` that is none. */
  async authenticate(header: string | undefined): Promise<Principal> {
    if (header === undefined) throw unauthorized('the request has no Authorization header')
    const token = header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header)?.[1] : undefined
    if (token === undefined) throw unauthorized('the Authorization header must be `Bearer <token>`')
    const service = this.#services.find(token)
    if (service !== undefined) {
      this.#remember(header, { principal: service, expiry: expiryAt(Number.POSITIVE_INFINITY) })
      return service
    }
    const principal = await this.#verifyToken(token)
    // The id of an admin who acts for others goes into the history as well.
    requireUserId(principal.id)
    const { expiresAt = Number.POSITIVE_INFINITY } = principal
    this.#remember(header, { principal, expiry: expiryAt(expiresAt, MAX_REMEMBERED_MS) })
    return principal
  }

  async #verifyToken(token: string): Promise<Principal> {
    try {
      return await this.#verify(token)
    } catch (cause) {
      if (cause instanceof IssuerUnavailableError) {
        throw new DomainError('ISSUER_UNAVAILABLE', '', { retryAfterS: 5, cause })
      }
      throw unauthorized('the token is not valid', cause)
    }
  }

  #remember(header: string, verified: KnownCaller): void {
    this.#remembered.delete(header)
    if (this.#remembered.size >= MAX_REMEMBERED) {
      const oldest = this.#remembered.keys().next().value
      if (oldest !== undefined) this.#remembered.delete(oldest)
    }
    this.#remembered.set(header, verified)
  }
}

function unauthorized(detail: string, cause?: unknown): DomainError {
  return new DomainError('UNAUTHORIZED', detail, { cause })
}
