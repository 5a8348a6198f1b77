import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEarlierRequests } from './connection-order.ts'
import { ProblemError } from './problem-error.ts'
import { problemAnswer, rawProblem } from './problems.ts'
import { requestId } from './request-id.ts'
import { writeAnswer } from './whole-answer.ts'

/** The parser reports each further piece of a connection that it has given up. */
const ended = new WeakSet<Socket>()

/** Requests that are no HTTP, too slow, or whose headers are too large never reach a handler. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || ended.has(socket)) return
  ended.add(socket)
  const problem =
    PARSER_PROBLEMS[error.code ?? ''] ?? new ProblemError('VALIDATION_FAILED', 'the request is not HTTP')
  afterEarlierRequests(socket, mayAnswer => {
    if (socket.destroyed || !socket.writable) return
    // A caller who never reads the answer holds no connection.
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

/** An `Expect` that is not `100-continue`. The body may follow or not: the connection ends. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const id = requestId(request)
  writeAnswer(response, id, problemAnswer(EXPECTATION_FAILED, id))
}

/** No proxy. */
export function refuseTunnel(_request: IncomingMessage, socket: Socket): void {
  const allow = 'GET, HEAD, PUT, POST, DELETE'
  const problem = new ProblemError('METHOD_NOT_ALLOWED', `allowed: ${allow}`, { headers: { allow } })
  socket.on('error', () => {})
  afterEarlierRequests(socket, () => socket.end(rawProblem(problem), () => socket.destroy()))
}
