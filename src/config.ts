import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import type { ClusterTarget } from './config/cluster-nodes.ts'
import { type RedisTarget, redisTarget } from './config/endpoints.ts'
import { checkKeyPrefix } from './config/key-prefix.ts'
import { type Environment, parseVariables } from './config/parse-variables.ts'
import { checkContradictions } from './config/rules.ts'
import { withScopes } from './config/scopes.ts'
import { withSecretFiles } from './config/secret-files.ts'
import { checkSecrets, type ServiceToken, serviceTokens } from './config/secrets.ts'
import { trustedProxies } from './config/trusted-proxies.ts'
import { checkUnknownVariables, withoutServiceLinks } from './config/unknown-variables.ts'
import type { Variables } from './config/variables.ts'
import { type WebhookTarget, webhookTarget } from './config/webhook.ts'

export type { ClusterTarget } from './config/cluster-nodes.ts'
export type { RedisTarget } from './config/endpoints.ts'
export type { Environment } from './config/parse-variables.ts'
export { SCOPES, type Scope } from './config/scopes.ts'
export { DEVELOPMENT_JWT_SECRET, DEVELOPMENT_SERVICE_TOKEN, type ServiceToken } from './config/secrets.ts'

/** The configuration, grouped by who needs it. Holds secrets: never log it. Times are milliseconds. */
export type Config = ReturnType<typeof group>

/** All faults of an environment, one sentence each, without secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `the configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n- ${faults.join('\n- ')}`,
    )
    this.faults = faults
  }
}

const BUILT_IN_DEFAULTS = fileURLToPath(new URL('../default-settings.json', import.meta.url))
/** Rate limits are per minute. */
const RATE_LIMIT_WINDOW_MS = 60_000

/** The environment of the process; a `.env` file in the working directory adds what it does not set. */
export function readEnvironment(): Environment {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
  return { ...file, ...process.env }
}

/** Throws ConfigError with all faults at once. */
export function loadConfig(given: Environment): Config {
  const faults: string[] = []
  const env = withSecretFiles(withoutServiceLinks(given), faults)
  const { variables, faulty, faults: wrong } = parseVariables(env)
  faults.push(...wrong)
  checkUnknownVariables(env, faults)
  checkContradictions(variables, faulty, faults)
  checkDatabase(variables, faults)
  const redis = redisTarget(variables, faults)
  checkKeyPrefix(variables, faults)
  const tokens = withScopes(serviceTokens(variables, faults), variables, faults)
  const production = variables.NODE_ENV === 'production'
  checkSecrets(variables, tokens, production, faults)
  const jwksUrl = parseJwksUrl(variables, production, faults)
  const corsOrigins = parseOrigins(variables, faults)
  const trustProxy = trustedProxies(variables, faults)
  const otlpEndpoint = parseOtlpEndpoint(variables, faults)
  const webhook = webhookTarget(variables, faults)
  if (faults.length > 0) throw new ConfigError(faults)
  return group(variables, {
    redis,
    tokens,
    jwksUrl,
    corsOrigins,
    trustProxy,
    otlpEndpoint,
    webhook,
    production,
  })
}

/** The database alone, for commands that need nothing else of the configuration. Throws ConfigError. */
export function databaseUrlOf(given: Environment): string {
  const faults: string[] = []
  const { variables } = parseVariables(withSecretFiles(withoutServiceLinks(given), faults))
  checkDatabase(variables, faults)
  if (faults.length > 0) throw new ConfigError(faults)
  return databaseUrl(variables)
}

function checkDatabase(
  { DATABASE_URL: text, DATABASE_PASSWORD: password }: Variables,
  faults: string[],
): void {
  if (text === undefined) {
    faults.push('DATABASE_URL must be set (`npm start` brings up a private PostgreSQL when it is not)')
    return
  }
  const url = URL.parse(text)
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || url.pathname.length < 2) {
    faults.push('DATABASE_URL must be postgres://user:password@host:port/name')
    return
  }
  if (url.password !== '' && password !== undefined) {
    faults.push('DATABASE_URL and DATABASE_PASSWORD both hold a password')
  }
}

/** DATABASE_URL with the password of DATABASE_PASSWORD. */
function databaseUrl({ DATABASE_URL: text, DATABASE_PASSWORD: password }: Variables): string {
  if (password === undefined) return text!
  const url = new URL(text!)
  url.password = encodeURIComponent(password)
  return url.href
}

function parseJwksUrl({ JWKS_URL: text }: Variables, production: boolean, faults: string[]): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && !production)) return url
  faults.push(`JWKS_URL must be an https address${production ? ' in production' : ''}`)
  return undefined
}

function parseOtlpEndpoint(
  { OTEL_EXPORTER_OTLP_ENDPOINT: text }: Variables,
  faults: string[],
): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  faults.push('OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https address')
  return undefined
}

function parseOrigins({ CORS_ORIGINS: text }: Variables, faults: string[]): readonly string[] {
  const origins = text?.split(',').map(item => item.trim()) ?? []
  if (origins.length === 1 && origins[0] === '*') return origins
  for (const origin of origins) {
    const url = URL.parse(origin)
    if (!url || !/^https?:$/.test(url.protocol) || url.origin !== origin) {
      faults.push(
        `CORS_ORIGINS: ${JSON.stringify(origin)} is not an origin such as https://ui.example.com, nor * alone`,
      )
    }
  }
  return origins
}

interface ParsedVariables {
  readonly redis: RedisTarget | ClusterTarget | undefined
  readonly tokens: readonly ServiceToken[]
  readonly jwksUrl: URL | undefined
  /** Exact origins, or `*` alone. */
  readonly corsOrigins: readonly string[]
  readonly trustProxy: readonly string[] | undefined
  readonly otlpEndpoint: URL | undefined
  readonly webhook: WebhookTarget | undefined
  readonly production: boolean
}

function group(
  vars: Variables,
  { redis, tokens, jwksUrl, corsOrigins, trustProxy, otlpEndpoint, webhook, production }: ParsedVariables,
) {
  return {
    production,
    logLevel: vars.LOG_LEVEL,
    http: {
      host: vars.HOST,
      port: vars.PORT,
      corsOrigins,
      maxListeners: vars.EVENT_LISTENERS_MAX,
      /** 0 = as many as the limit of open files allows. */
      maxConnections: vars.CONNECTIONS_MAX,
      bodyLimitBytes: vars.BODY_LIMIT_BYTES,
      bodiesInFlightBytes: vars.BODIES_IN_FLIGHT_BYTES,
      answersInFlightBytes: vars.ANSWERS_IN_FLIGHT_BYTES,
      rateLimit: {
        windowMs: RATE_LIMIT_WINDOW_MS,
        max: vars.RATE_LIMIT_MAX,
        writeMax: vars.RATE_LIMIT_WRITE_MAX,
        authFailuresMax: vars.AUTH_FAILURES_MAX,
      },
      /** Undefined = callers connect without a proxy. */
      trustProxy,
      keepAliveTimeoutMs: vars.KEEP_ALIVE_TIMEOUT_MS,
      requestTimeoutMs: vars.REQUEST_TIMEOUT_MS,
      maxEventLoopDelayMs: vars.MAX_EVENT_LOOP_DELAY_MS,
    },
    /** Undefined = no traces. */
    tracing: { endpoint: otlpEndpoint },
    /** Undefined = nobody is told. */
    webhook,
    shutdown: { timeoutMs: vars.SHUTDOWN_TIMEOUT_MS, delayMs: vars.SHUTDOWN_DELAY_MS },
    auth: {
      jwtSecret: vars.JWT_SECRET,
      jwksUrl,
      jwtIssuer: vars.JWT_ISSUER,
      adminClaim: vars.JWT_ADMIN_CLAIM,
      serviceTokens: tokens,
    },
    database: {
      url: databaseUrl(vars),
      poolSize: vars.DATABASE_POOL_SIZE,
      connectTimeoutMs: vars.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: vars.STATEMENT_TIMEOUT_MS,
      idleInTransactionTimeoutMs: vars.IDLE_IN_TRANSACTION_TIMEOUT_MS,
      onOutage: vars.ON_DATABASE_OUTAGE,
    },
    redis: {
      /** Undefined = none configured: everything is answered from PostgreSQL. */
      target: redis,
      /** '' = the names of keys as they are. */
      keyPrefix: vars.REDIS_KEY_PREFIX ?? '',
      poolSize: vars.REDIS_POOL_SIZE,
      connectTimeoutMs: vars.REDIS_CONNECT_TIMEOUT_MS,
      readTimeoutMs: vars.REDIS_READ_TIMEOUT_MS,
      breakerFailures: vars.REDIS_BREAKER_FAILURES,
      probeMs: vars.REDIS_PROBE_MS,
      nearCacheBytes: vars.NEAR_CACHE_BYTES,
    },
    /** The times of the protocol (ProtocolTimes). */
    times: {
      leaseMs: vars.LEASE_MS,
      renewMs: vars.LEASE_RENEW_MS,
      offWaitMs: vars.OFF_WAIT_MS,
      fenceTimeoutMs: vars.FENCE_TIMEOUT_MS,
    },
    settings: {
      defaultsFile: vars.DEFAULT_SETTINGS_FILE ?? BUILT_IN_DEFAULTS,
      autoProvision: vars.AUTO_PROVISION,
      userBytes: vars.USER_DOCUMENTS_BYTES,
      binanceCacheTtlMs: vars.BINANCE_CACHE_TTL_MS,
      history: { keepVersions: vars.HISTORY_KEEP_VERSIONS, keepDays: vars.HISTORY_KEEP_DAYS },
      sequenceWarnAbove: vars.SEQUENCE_WARN_ABOVE,
    },
  }
}
