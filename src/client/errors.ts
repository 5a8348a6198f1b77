import type { Fault } from './answers.ts'
import type { ProblemCode } from './gateway-types.ts'

/**
 * The gateway gave no answer: no connection, a connection that broke, a time limit, or something else answered in its
 * place. `cause` says which. A write may have arrived.
 */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** What a problem document of the gateway holds (RFC 9457). */
export interface Problem {
  readonly status: number
  readonly code: Code
  readonly title: string
  readonly detail: string
  /** Id of the request, for the gateway's log. */
  readonly instance: string
  readonly errors?: readonly Fault[]
  readonly current?: unknown
}

/** A newer gateway may have more codes. */
export type Code = ProblemCode | (string & {})

/** Faults that a message spells out; all of them are in `errors`. */
const FAULTS_IN_MESSAGE = 5

/** The gateway refused or failed. `code` is stable: what programs should look at. The message names the fields. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError'
  readonly status: number
  readonly code: Code
  readonly requestId: string
  /** What the gateway said, without the fields. */
  readonly detail: string
  /** Every fault of the input, at once; empty when it was something else. */
  readonly errors: readonly Fault[]
  /** Seconds of Retry-After, where the gateway names them. */
  readonly retryAfterSeconds: number | undefined
  /** An earlier attempt of this call got no answer, and may have been carried out. */
  afterLostAttempt = false

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(messageOf(problem))
    this.status = problem.status
    this.code = problem.code
    this.requestId = problem.instance
    this.detail = problem.detail
    this.errors = problem.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** 400, 413, 415, 422, 431: the request itself is wrong; sending it again is pointless. */
export class InvalidRequestError extends ProblemError {
  override readonly name = 'InvalidRequestError'
}

/** 401, 403. */
export class AccessError extends ProblemError {
  override readonly name = 'AccessError'
}

/** 404, 410: no such user, version, document or route, or nothing cached. */
export class NotFoundError extends ProblemError {
  override readonly name = 'NotFoundError'
}

/**
 * 412: the document has another version than If-Match named. With `afterLostAttempt` that version may be the caller's
 * own change.
 */
export class VersionMismatchError extends ProblemError {
  override readonly name = 'VersionMismatchError'
  /** The envelope as it is now; undefined where several documents were meant. */
  readonly current:
    | { readonly version: number; readonly updated_at: string; readonly data: unknown }
    | undefined
  constructor(problem: Problem) {
    super(problem)
    this.current = problem.current as VersionMismatchError['current']
  }
}

/** 429. */
export class RateLimitedError extends ProblemError {
  override readonly name = 'RateLimitedError'
}

/** 408, 503: not now. With the code COMMIT_UNKNOWN the change may have been stored. */
export class UnavailableError extends ProblemError {
  override readonly name = 'UnavailableError'
}

type ProblemClass = new (problem: Problem, retryAfterSeconds?: number) => ProblemError

/** By status, not by code: the codes of a newer gateway fall into the right class too. */
const BY_STATUS: Readonly<Record<number, ProblemClass>> = {
  400: InvalidRequestError,
  401: AccessError,
  403: AccessError,
  404: NotFoundError,
  408: UnavailableError,
  410: NotFoundError,
  412: VersionMismatchError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitedError,
  431: InvalidRequestError,
  503: UnavailableError,
}

/**
 * The error of an answer that is no success; `problem` is its body, parsed. A proxy's own error page counts as
 * INTERNAL_ERROR of that status, or NOT_READY.
 */
export function problemOf(status: number, problem: unknown, retryAfter: string | undefined): ProblemError {
  const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter)
  const Class = BY_STATUS[status] ?? ProblemError
  return new Class(
    isProblem(problem) ? problem : foreign(status),
    Number.isFinite(seconds) ? seconds : undefined,
  )
}

function isProblem(value: unknown): value is Problem {
  const { code, status, detail, errors } = (value ?? {}) as Partial<Problem>
  return (
    typeof code === 'string' &&
    typeof status === 'number' &&
    typeof detail === 'string' &&
    (errors === undefined || Array.isArray(errors))
  )
}

function foreign(status: number): Problem {
  return {
    status,
    code: status === 503 ? 'NOT_READY' : 'INTERNAL_ERROR',
    title: 'Not an answer of the gateway',
    detail: `something before the gateway answered ${status}`,
    instance: '',
  }
}

/** `the request is not valid: size.leverage must be <= 20; confidence.min_confidence must be >= 0`. */
function messageOf({ detail, errors = [] }: Problem): string {
  if (errors.length === 0) return detail
  const named = errors.slice(0, FAULTS_IN_MESSAGE).map(({ path, message }) => `${path} ${message}`.trim())
  const more = errors.length - named.length
  return `${detail}: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
