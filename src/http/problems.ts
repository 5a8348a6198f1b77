import { STATUS_CODES } from 'node:http'
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CommitUnknownError, DatabaseUnavailableError } from '../consistency/store-port.ts'
import { WriteQueueFullError } from '../consistency/write-queue.ts'
import { JsonError } from '../documents/json/read.ts'
import { typeFault } from '../documents/json.ts'
import { unknownField } from '../documents/unknown-fields.ts'
import { DomainError, type Fault } from '../errors.ts'
import { userOf } from './caller.ts'
import { LogLimit } from './log-limit.ts'
import { domainProblem, PROBLEMS, type ProblemCode, ProblemError } from './problem-error.ts'
import type { WholeAnswer } from './whole-answer.ts'

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'
const PROBLEM_HEADERS = { 'cache-control': 'no-store', 'content-type': PROBLEM_TYPE }
/** Seconds. The gateway tries the database again every quarter of a second. */
const RETRY_AFTER = { 'retry-after': '1' }

/** Fastify's own errors by their codes. */
const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_JSON',
  FST_ERR_BAD_URL: 'VALIDATION_FAILED',
}

/** The one place that turns errors into problems (RFC 9457). */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendProblem(toProblem(error), request, reply))
  app.setNotFoundHandler((request, reply) => sendProblem(noRoute(request.url), request, reply))
}

export function sendProblem(
  problem: ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const where = { reqId: request.id, route: request.routeOptions.url, user: userOf(request) }
  logProblem(request.log, problem, where)
  return reply
    .code(problem.status)
    .headers({ ...problem.headers, ...PROBLEM_HEADERS })
    .send(problemBody(problem, request.id))
}

/** The same as a whole answer, for requests that Fastify does not answer. */
export function problemAnswer(problem: ProblemError, id: string): WholeAnswer {
  const body = problemBody(problem, id)
  const headers = {
    ...problem.headers,
    ...PROBLEM_HEADERS,
    'content-length': String(Buffer.byteLength(body)),
  }
  return { status: problem.status, head: Object.entries(headers).flat(), body }
}

export type ProblemLog = Pick<FastifyBaseLogger, 'debug' | 'warn' | 'error'>

/** The fields of a log line that identify a request. */
interface RequestNames {
  readonly reqId: string
  /** The route's pattern. */
  readonly route: string | undefined
  readonly user: string | undefined
}

const logLimit = new LogLimit()

/**
 * Logs a fault of the gateway (5xx) as an error with its stack; a 503 as one short warning, because its reason (an outage, a
 * drain) is known already; a fault of the caller (4xx) at debug. At most ten lines per second and code for 5xx.
 */
export function logProblem(log: ProblemLog, problem: ProblemError, where: RequestNames): void {
  const { code, status, message } = problem
  // Callers decide how many requests fail: during an outage or a flood a few lines of each code are enough.
  const suppressed = status >= 500 ? logLimit.take(code) : 0
  if (suppressed === undefined) return
  const names = { code, ...where, ...(suppressed === 0 ? {} : { suppressed }) }
  if (status === 503) log.warn({ ...names, reason: reasonOf(problem) }, message)
  else if (status >= 500) log.error({ ...names, err: problem.cause ?? problem }, message)
  else log.debug(names, message)
}

function reasonOf({ cause, message }: ProblemError): string {
  return cause === undefined || cause instanceof DomainError ? message : String(cause)
}

/** The JSON of a problem. Members that are Buffers hold JSON already. */
function problemBody(problem: ProblemError, instance: string): string {
  const { title, status, message: detail, code, errors, members } = problem
  const own = {
    type: 'about:blank',
    title,
    status,
    detail,
    instance,
    code,
    ...(errors === undefined ? {} : { errors }),
  }
  const extra = Object.entries(members).map(
    ([name, value]) =>
      `,${JSON.stringify(name)}:${Buffer.isBuffer(value) ? value.toString() : JSON.stringify(value)}`,
  )
  return `${JSON.stringify(own).slice(0, -1)}${extra.join('')}}`
}

/** Turns any error into the problem that the caller gets. It shows no internals. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof DomainError) return domainProblem(error)
  if (error instanceof DatabaseUnavailableError) {
    return new ProblemError('DATABASE_UNAVAILABLE', undefined, { headers: RETRY_AFTER, cause: error })
  }
  if (error instanceof CommitUnknownError) {
    return new ProblemError('COMMIT_UNKNOWN', 'read the document again, or retry with If-Match', {
      headers: RETRY_AFTER,
      cause: error,
    })
  }
  if (error instanceof WriteQueueFullError)
    return new ProblemError('OVERLOADED', undefined, { headers: RETRY_AFTER, cause: error })
  if (error instanceof JsonError)
    return new ProblemError('STORED_DOCUMENT_INVALID', undefined, { cause: error })
  return isFastifyError(error)
    ? fromFastify(error)
    : new ProblemError('INTERNAL_ERROR', undefined, { cause: error })
}

function fromFastify(error: FastifyError): ProblemError {
  if (error.validation !== undefined) {
    const errors = error.validation.map(fault => toFault(error.validationContext ?? '', fault))
    return new ProblemError('VALIDATION_FAILED', 'the request is not valid', { errors, cause: error })
  }
  const status = error.statusCode ?? 500
  const code = FASTIFY_CODES[error.code] ?? codeOf(status)
  const headers = status === 503 ? RETRY_AFTER : {}
  // A 4xx names what is wrong with the request; the message of a 5xx stays internal.
  return new ProblemError(code, status < 500 ? error.message : undefined, { headers, cause: error })
}

function codeOf(status: number): ProblemCode {
  const codes = Object.keys(PROBLEMS) as ProblemCode[]
  const exact = codes.find(code => PROBLEMS[code][0] === status)
  if (exact !== undefined) return exact
  return status >= 400 && status < 500 ? 'VALIDATION_FAILED' : 'INTERNAL_ERROR'
}

function toFault(context: string, fault: ValidationFault): Fault {
  const { keyword, instancePath, params, message, parentSchema } = fault
  const inside = instancePath.split('/').slice(1)
  const missing = typeof params.missingProperty === 'string' ? [params.missingProperty] : []
  const extra = typeof params.additionalProperty === 'string' ? [params.additionalProperty] : []
  const place = context === 'body' || context === '' ? [] : [context]
  const path = [...place, ...inside, ...missing, ...extra].join('.')
  if (missing.length > 0) return { path, message: 'is required' }
  if (extra.length > 0)
    return { path, message: unknownField(extra[0]!, Object.keys(parentSchema?.properties ?? {})) }
  if (keyword === 'type' && 'data' in fault)
    return { path, message: typeFault([params.type].flat().join(' or '), fault.data) }
  return { path, message: message ?? 'is not valid' }
}

/** Ajv adds the schema when it is verbose. */
type ValidationFault = NonNullable<FastifyError['validation']>[number] & {
  readonly parentSchema?: { readonly properties?: object }
  readonly data?: unknown
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
}

export function noRoute(url: string): ProblemError {
  return new ProblemError('NOT_FOUND', `there is no route ${url.split('?', 1)[0]!.slice(0, 200)}`)
}

/** A whole HTTP/1.1 response, for requests that Node's parser refused (bad syntax, headers too large, too slow). */
export function rawProblem(problem: ProblemError): string {
  const body = problemBody(problem, '')
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
