import type { DomainError, Fault } from '../errors.ts'

/** Every code a problem can carry, with its HTTP status and its title (RFC 9457). Clients rely on the codes. */
export const PROBLEMS = {
  VALIDATION_FAILED: [400, 'The request is not valid'],
  INVALID_JSON: [400, 'The body is not JSON'],
  INVALID_USER_ID: [400, 'The user id is not valid'],
  USER_REQUIRED: [400, 'The request must name a user in X-User-Id'],
  UNAUTHORIZED: [401, 'Authentication is required'],
  FORBIDDEN: [403, 'Not allowed'],
  NOT_FOUND: [404, 'Not found'],
  USER_NOT_FOUND: [404, 'The user does not exist'],
  VERSION_NOT_FOUND: [404, 'The version does not exist'],
  SCHEDULE_NOT_FOUND: [404, 'There is no such open schedule'],
  BULK_CHANGE_NOT_FOUND: [404, 'There is no such bulk change'],
  CACHE_MISS: [404, 'Nothing is cached'],
  HISTORY_PRUNED: [410, 'The version is no longer kept'],
  METHOD_NOT_ALLOWED: [405, 'Method not allowed'],
  REQUEST_TIMEOUT: [408, 'The request came too slowly'],
  CONFLICT: [409, 'The request conflicts with another one'],
  VERSION_MISMATCH: [412, 'The document has another version'],
  BODY_TOO_LARGE: [413, 'The body is too large'],
  DOCUMENT_TOO_LARGE: [413, 'The document would become too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The content type is not supported'],
  EXPECTATION_FAILED: [417, 'The expectation cannot be met'],
  DEFAULTS_INVALID: [422, 'The defaults are not valid'],
  RATE_LIMITED: [429, 'Too many requests'],
  HEADERS_TOO_LARGE: [431, 'The headers are too large'],
  STORED_DOCUMENT_INVALID: [500, 'A stored document is not valid'],
  INTERNAL_ERROR: [500, 'Internal error'],
  DATABASE_UNAVAILABLE: [503, 'The database is not reachable'],
  COMMIT_UNKNOWN: [503, 'It is not known whether the change was stored'],
  ISSUER_UNAVAILABLE: [503, 'Tokens cannot be checked: their issuer does not answer'],
  NOT_READY: [503, 'The gateway is not ready'],
  OVERLOADED: [503, 'The gateway is overloaded'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEMS

export interface ProblemOptions {
  /** All faults of the input, at once. */
  readonly errors?: readonly Fault[] | undefined
  /** More members of the problem document, such as `current` of a 412. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Response headers, such as Retry-After or Allow. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** An error as the caller sees it. `message` is the problem's `detail`; `cause` goes to the log only. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly errors: readonly Fault[] | undefined
  readonly members: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, detail?: string, options: ProblemOptions = {}) {
    const [status, title] = PROBLEMS[code]
    super(detail ?? title, { cause: options.cause })
    this.code = code
    this.status = status
    this.title = title
    this.errors = options.errors
    this.members = options.members ?? {}
    this.headers = options.headers ?? {}
  }
}

/** Seconds. The gateway tries PostgreSQL and Redis again every quarter of a second. */
const RETRY_AFTER_S = 1

/** Turns a domain error into the problem that the caller gets. */
export function domainProblem(error: DomainError): ProblemError {
  const { code, message, errors, details } = error
  return new ProblemError(code, message === '' ? undefined : message, {
    errors,
    members: details,
    headers: headersOf(error),
    cause: error.cause ?? error,
  })
}

function headersOf({ code, retryAfterS }: DomainError): Record<string, string> {
  if (code === 'UNAUTHORIZED') return { 'www-authenticate': 'Bearer realm="settings-gateway"' }
  if (PROBLEMS[code][0] !== 503) return {}
  return { 'retry-after': String(retryAfterS ?? RETRY_AFTER_S) }
}
