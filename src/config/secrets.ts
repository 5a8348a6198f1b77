import { DEFAULT_SCOPES, type Scope } from './scopes.ts'
import type { Variables } from './variables.ts'

/** What `npm start` and the tests use; refused in production. */
export const DEVELOPMENT_JWT_SECRET = 'development-only-jwt-secret-0123456789abcdef'
export const DEVELOPMENT_SERVICE_TOKEN = 'development-only-service-token-0123456789abcdef'

const MIN_SECRET_BYTES = 32
/** A secret with fewer different characters was typed by a person, not drawn at random. */
const MIN_DISTINCT_CHARACTERS = 8
const PLACEHOLDER =
  /development|change[-_ ]?me|change[-_ ]?this|example|placeholder|your[-_ ]|^(postgres|password|secret|redis)$/i
const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/
/** token68 of RFC 9110: what an Authorization header can carry. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

export interface ServiceToken {
  /** Callers are named `service:<name>` in the history. */
  readonly name: string
  readonly token: string
  readonly scopes: ReadonlySet<Scope>
}

/** Reads SERVICE_TOKENS; what is wrong is added to `faults`, without the tokens. */
export function serviceTokens(vars: Variables, faults: string[]): readonly ServiceToken[] {
  const tokens: ServiceToken[] = []
  for (const [index, item] of (vars.SERVICE_TOKENS?.split(',') ?? []).entries()) {
    const [, name, token] = /^\s*([^=]*)=(.*?)\s*$/.exec(item) ?? []
    if (name === undefined || token === undefined || !SERVICE_NAME.test(name)) {
      faults.push(
        `SERVICE_TOKENS: entry ${index + 1} must be name=token, the name of letters, digits, _ and -`,
      )
      continue
    }
    if (token.length < MIN_SECRET_BYTES) {
      faults.push(`SERVICE_TOKENS: the token of ${name} must have at least ${MIN_SECRET_BYTES} characters`)
    } else if (!TOKEN.test(token)) {
      faults.push(
        `SERVICE_TOKENS: the token of ${name} may hold letters, digits and -._~+/ only, and = at its end`,
      )
    }
    if (tokens.some(other => other.name === name)) faults.push(`SERVICE_TOKENS: ${name} is there twice`)
    const twin = tokens.find(other => other.token === token)
    if (twin) faults.push(`SERVICE_TOKENS: ${twin.name} and ${name} have the same token`)
    tokens.push({ name, token, scopes: DEFAULT_SCOPES })
  }
  return tokens
}

/** Length and strength of all secrets, and in production their presence. */
export function checkSecrets(
  vars: Variables,
  tokens: readonly ServiceToken[],
  production: boolean,
  faults: string[],
): void {
  const secret = vars.JWT_SECRET
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    faults.push(`JWT_SECRET must have at least ${MIN_SECRET_BYTES} bytes`)
  }
  if (tokens.some(({ token }) => token === secret))
    faults.push('JWT_SECRET must not be a service token as well')
  if (secret === undefined && vars.JWKS_URL === undefined && vars.SERVICE_TOKENS === undefined) {
    faults.push('no caller could authenticate: set JWT_SECRET or JWKS_URL, and SERVICE_TOKENS')
  }
  const webhookSecret = vars.WEBHOOK_SECRET
  if (webhookSecret !== undefined && webhookSecret.length < MIN_SECRET_BYTES) {
    faults.push(`WEBHOOK_SECRET must have at least ${MIN_SECRET_BYTES} characters`)
  }
  if (webhookSecret !== undefined && [secret, ...tokens.map(({ token }) => token)].includes(webhookSecret)) {
    faults.push('WEBHOOK_SECRET must be a secret of its own: the receiver knows it')
  }
  if (!production) return
  if (secret === undefined && vars.JWKS_URL === undefined)
    faults.push('JWT_SECRET or JWKS_URL must be set in production')
  if (vars.SERVICE_TOKENS === undefined) faults.push('SERVICE_TOKENS must be set in production')
  if (secret !== undefined) checkStrength('JWT_SECRET', secret, faults)
  if (webhookSecret !== undefined) checkStrength('WEBHOOK_SECRET', webhookSecret, faults)
  for (const { name, token } of tokens) checkStrength(`SERVICE_TOKENS: the token of ${name}`, token, faults)
  for (const [name, password] of passwords(vars)) {
    if (PLACEHOLDER.test(password))
      faults.push(`the password in ${name} is a placeholder, not fit for production`)
  }
}

function checkStrength(name: string, secret: string, faults: string[]): void {
  if (PLACEHOLDER.test(secret))
    faults.push(`${name} is a development value or a placeholder, not fit for production`)
  else if (new Set(secret).size < MIN_DISTINCT_CHARACTERS) faults.push(`${name} is too weak for production`)
}

function passwords(vars: Variables): [name: string, password: string][] {
  return [
    ['DATABASE_URL', URL.parse(vars.DATABASE_URL ?? '')?.password ?? ''],
    ['DATABASE_PASSWORD', vars.DATABASE_PASSWORD ?? ''],
    ['REDIS_URL', URL.parse(vars.REDIS_URL ?? '')?.password ?? ''],
    ['REDIS_PASSWORD', vars.REDIS_PASSWORD ?? ''],
  ]
}
