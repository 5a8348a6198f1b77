import { createVerifier, type DecodedJwt } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import type { Config } from '../config.ts'
import type { Principal } from './principal.ts'

/** Who a token speaks for. Rejects, or throws, when it is not to be trusted for whatever reason. */
export type VerifyToken = (token: string) => Promise<Principal>

const JWKS_TTL_MS = 10 * 60 * 1_000
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
  const secret =
    jwtSecret === undefined ? undefined : createVerifier({ ...common, key: jwtSecret, algorithms: ['HS256'] })
  const published =
    jwksUrl === undefined
      ? undefined
      : createVerifier({ ...common, key: keyFetcher(jwksUrl), algorithms: ['RS256', 'ES256'] })
  return async token => {
    const verify = algorithmOf(token) === 'HS256' ? secret : published
    if (verify === undefined) throw new Error('no key for the algorithm of this token')
    const principal = toPrincipal(await verify(token), adminClaim)
    // Clocks may differ before a token begins; nobody honours one after its end.
    if (principal.expiresAt !== undefined && principal.expiresAt <= Date.now()) throw new Error('expired')
    return principal
  }
}

function keyFetcher(url: URL): (token: DecodedJwt) => Promise<string> {
  const jwks = buildGetJwks({
    ttl: JWKS_TTL_MS,
    jwksPath: `${url.pathname}${url.search}`,
  })
  return ({ header }) =>
    jwks.getPublicKey({ domain: url.origin, alg: String(header.alg), kid: String(header.kid) })
}

/** What the header claims; the verifier checks it against its key. */
function algorithmOf(token: string): unknown {
  const header = token.slice(0, token.indexOf('.'))
  return JSON.parse(Buffer.from(header, 'base64url').toString()).alg
}

function toPrincipal(payload: Record<string, unknown>, adminClaim: string | undefined): Principal {
  const { sub, role, exp } = payload
  if (typeof sub !== 'string' || sub === '') throw new Error('sub must be a text')
  // Exactly `true`: a text such as "false" must make nobody an admin.
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
