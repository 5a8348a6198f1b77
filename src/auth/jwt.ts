import { createVerifier } from 'fast-jwt'
import type { Config } from '../config.ts'
import { readJson } from '../documents/json/read.ts'
import type { Principal } from './principal.ts'
import { type Algorithm, type PublishedKey, PublishedKeys } from './published-keys.ts'

/** Who a token speaks for. Rejects when it is not to be trusted; IssuerUnavailableError when that is not known. */
export type VerifyToken = (token: string) => Promise<Principal>

type Verify = (token: string) => Record<string, unknown>

/** Clocks of two machines may differ by this much. */
const CLOCK_TOLERANCE_MS = 5_000

/** Verifies HS256 tokens with JWT_SECRET, RS256 and ES256 tokens with the keys of JWKS_URL, and no others. */
export function createTokenVerifier({
  jwtSecret,
  jwksUrl,
  jwtIssuer,
  adminClaim,
}: Config['auth']): VerifyToken {
  const common = {
    cache: false,
    clockTolerance: CLOCK_TOLERANCE_MS,
    requiredClaims: ['sub', ...(jwtIssuer === undefined ? [] : ['iss'])],
    ...(jwtIssuer === undefined ? {} : { allowedIss: jwtIssuer }),
  }
  // A key of one kind must never verify a token of the other kind, so each has a verifier of its own.
  const secret: Verify | undefined =
    jwtSecret === undefined ? undefined : createVerifier({ ...common, key: jwtSecret, algorithms: ['HS256'] })
  const keys = jwksUrl === undefined ? undefined : new PublishedKeys(jwksUrl)
  const verifiers = new WeakMap<PublishedKey, Verify>()
  const verifierOf = (key: PublishedKey): Verify => {
    const made =
      verifiers.get(key) ?? createVerifier({ ...common, key: key.pem, algorithms: [key.algorithm] })
    verifiers.set(key, made)
    return made
  }
  const verifierFor = async ({ alg, kid }: TokenHeader): Promise<Verify | undefined> => {
    if (alg === 'HS256') return secret
    if (!isPublished(alg) || typeof kid !== 'string') return undefined
    const key = await keys?.find(kid)
    return key?.algorithm === alg ? verifierOf(key) : undefined
  }
  return async token => {
    const verify = await verifierFor(headerOf(token))
    if (verify === undefined) throw new Error('no key for this token')
    const principal = toPrincipal(verify(token), adminClaim)
    // Clocks may differ before a token begins; after its end it is refused at once.
    if (principal.expiresAt !== undefined && principal.expiresAt <= Date.now()) throw new Error('expired')
    return principal
  }
}

/** What the header claims; the verifier checks it against its key. */
interface TokenHeader {
  readonly alg?: unknown
  readonly kid?: unknown
}

function headerOf(token: string): TokenHeader {
  return readJson(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url')) as TokenHeader
}

function isPublished(alg: unknown): alg is Algorithm {
  return alg === 'RS256' || alg === 'ES256'
}

function toPrincipal(payload: Record<string, unknown>, adminClaim: string | undefined): Principal {
  const { sub, role, exp } = payload
  if (typeof sub !== 'string' || sub === '') throw new Error('sub must be a text')
  // Exactly `true`: a text such as "false" must not make an admin.
  const claimed =
    adminClaim !== undefined && Object.hasOwn(payload, adminClaim) && payload[adminClaim] === true
  const admin = role === 'admin' || claimed
  return {
    kind: admin ? 'admin' : 'user',
    id: sub,
    caller: admin ? `admin:${sub}` : sub,
    ...(typeof exp === 'number' ? { expiresAt: exp * 1_000 } : {}),
  }
}
