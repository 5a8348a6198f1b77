import type { Fault, ProblemCode } from '../errors.ts'

export type { Fault, ProblemCode } from '../errors.ts'

/** The gateway gave no answer: no connection, a connection that broke, or a time limit. `cause` says which. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** What a problem document of the gateway holds (RFC 9457). */
export interface Problem {
  readonly status: number
  readonly code: ProblemCode
  readonly title: string
  readonly detail: string
  /** Id of the request, for the gateway's log. */
  readonly instance: string
  readonly errors?: readonly Fault[]
  readonly current?: unknown
}

/** The gateway refused or failed. `code` is stable: what programs should look at. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError'
  readonly status: number
  readonly code: ProblemCode
  readonly requestId: string
  /** Every fault of the input, at once; empty when it was something else. */
  readonly faults: readonly Fault[]
  /** Seconds of Retry-After, where the gateway names them. */
  readonly retryAfterSeconds: number | undefined

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail)
    this.status = problem.status
    this.code = problem.code
    this.requestId = problem.instance
    this.faults = problem.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** 400, 413, 415, 422: the request itself is wrong; sending it again is pointless. */
export class InvalidRequestError extends ProblemError {
  override readonly name = 'InvalidRequestError'
}

/** 401, 403. */
export class AccessError extends ProblemError {
  override readonly name = 'AccessError'
}

/** 404: no such user, version, document or route, or nothing cached. */
export class NotFoundError extends ProblemError {
  override readonly name = 'NotFoundError'
}

/** 412: the document has another version than If-Match named. */
export class VersionMismatchError extends ProblemError {
  override readonly name = 'VersionMismatchError'
  /** The envelope as it is now. */
  readonly current: { readonly version: number; readonly updated_at: string; readonly data: unknown }

  constructor(problem: Problem) {
    super(problem)
    this.current = problem.current as VersionMismatchError['current']
  }
}

/** 429. */
export class RateLimitedError extends ProblemError {
  override readonly name = 'RateLimitedError'
}

/** 503: not now. With the code COMMIT_UNKNOWN the change may have been stored. */
export class UnavailableError extends ProblemError {
  override readonly name = 'UnavailableError'
}

const BY_CODE: Partial<
  Record<ProblemCode, new (problem: Problem, retryAfterSeconds?: number) => ProblemError>
> = {
  VALIDATION_FAILED: InvalidRequestError,
  INVALID_JSON: InvalidRequestError,
  INVALID_USER_ID: InvalidRequestError,
  USER_REQUIRED: InvalidRequestError,
  BODY_TOO_LARGE: InvalidRequestError,
  DOCUMENT_TOO_LARGE: InvalidRequestError,
  HEADERS_TOO_LARGE: InvalidRequestError,
  REQUEST_TIMEOUT: UnavailableError,
  UNSUPPORTED_MEDIA_TYPE: InvalidRequestError,
  DEFAULTS_INVALID: InvalidRequestError,
  UNAUTHORIZED: AccessError,
  FORBIDDEN: AccessError,
  NOT_FOUND: NotFoundError,
  USER_NOT_FOUND: NotFoundError,
  VERSION_NOT_FOUND: NotFoundError,
  CACHE_MISS: NotFoundError,
  VERSION_MISMATCH: VersionMismatchError,
  RATE_LIMITED: RateLimitedError,
  DATABASE_UNAVAILABLE: UnavailableError,
  COMMIT_UNKNOWN: UnavailableError,
  ISSUER_UNAVAILABLE: UnavailableError,
  NOT_READY: UnavailableError,
  OVERLOADED: UnavailableError,
}

/** The error of an answer that is no success. A proxy's own error page counts as INTERNAL_ERROR of that status. */
export function problemOf(status: number, body: string, retryAfter: string | undefined): ProblemError {
  const problem = parse(body) ?? {
    status,
    code: status === 503 ? 'NOT_READY' : 'INTERNAL_ERROR',
    title: 'Not an answer of the gateway',
    detail: `something before the gateway answered ${status}`,
    instance: '',
  }
  const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter)
  const Class = BY_CODE[problem.code] ?? ProblemError
  return new Class(problem, Number.isFinite(seconds) ? seconds : undefined)
}

function parse(body: string): Problem | undefined {
  try {
    const value = JSON.parse(body) as Partial<Problem> | null
    return typeof value?.code === 'string' && typeof value.status === 'number'
      ? (value as Problem)
      : undefined
  } catch {
    return undefined
  }
}
