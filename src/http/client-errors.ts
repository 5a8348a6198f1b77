import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEarlierRequests } from './connection-order.ts'
import { ProblemError } from './problem-error.ts'
import { problemAnswer, rawProblem } from './problems.ts'
import { requestId } from './request-id.ts'
import { writeAnswer } from './whole-answer.ts'

/** Sockets already answered: after an error the parser reports every further piece of the connection as well. */
const ended = new WeakSet<Socket>()

/** Answers requests that never reach a handler: they are not HTTP, too slow, or their headers are too large. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || ended.has(socket)) return
  ended.add(socket)
  const problem =
    PARSER_PROBLEMS[error.code ?? ''] ?? new ProblemError('VALIDATION_FAILED', 'the request is not HTTP')
  afterEarlierRequests(socket, mayAnswer => {
    if (socket.destroyed || !socket.writable) return
    // Destroyed as well, so that a caller who never reads the answer does not hold the connection.
    if (mayAnswer) socket.end(rawProblem(problem), () => socket.destroy())
    else socket.destroy()
  })
}

/** By the codes of Node's HTTP parser. */
const PARSER_PROBLEMS: Readonly<Record<string, ProblemError>> = {
  HPE_HEADER_OVERFLOW: new ProblemError('HEADERS_TOO_LARGE'),
  ERR_HTTP_REQUEST_TIMEOUT: new ProblemError('REQUEST_TIMEOUT'),
}

const EXPECTATION_FAILED = new ProblemError(
  'EXPECTATION_FAILED',
  'only the expectation 100-continue is known',
  { headers: { connection: 'close' } },
)

/** Refuses an `Expect` other than `100-continue`. The connection closes, because the body may or may not follow. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const id = requestId(request)
  writeAnswer(response, id, problemAnswer(EXPECTATION_FAILED, id))
}

/** Refuses CONNECT: the gateway is no proxy. */
export function refuseTunnel(_request: IncomingMessage, socket: Socket): void {
  const allow = 'GET, HEAD, PUT, POST, DELETE'
  const problem = new ProblemError('METHOD_NOT_ALLOWED', `allowed: ${allow}`, { headers: { allow } })
  socket.on('error', () => {})
  afterEarlierRequests(socket, () => socket.end(rawProblem(problem), () => socket.destroy()))
}
