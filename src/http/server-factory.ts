import { createServer, type Server, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyServerFactory } from 'fastify'
import type { Config } from '../config.ts'
import { ProblemError } from '../errors.ts'
import type { Connections } from './connections.ts'
import type { FastReads } from './fast-reads.ts'
import { rawProblem } from './problems.ts'

/** A connection that says nothing, or says it byte by byte, keeps its place for so long. Headers are one packet. */
const MAX_HEADERS_MS = 10_000

/**
 * The HTTP server, with the fast reads in front of Fastify. `fastReads` is asked per request: there are none before the
 * app is built. Fastify leaves all settings of such a server to its maker.
 */
export function serverFactory(
  http: Config['http'],
  connections: () => Connections,
  fastReads: () => FastReads | undefined,
): FastifyServerFactory {
  const headersTimeout = Math.min(MAX_HEADERS_MS, http.requestTimeoutMs)
  const options: ServerOptions = {
    keepAliveTimeout: http.keepAliveTimeoutMs,
    headersTimeout,
    requestTimeout: http.requestTimeoutMs,
    // By default Node looks for requests that are too slow every 30 s only.
    connectionsCheckingInterval: headersTimeout / 4,
    // Nobody reads the bodies of GETs: without their streams and events a 304 costs 3 % less.
    optimizeEmptyRequests: true,
  }
  return (handler): Server => {
    const server = createServer(options, (request, response) => {
      connections().spoke(request.socket)
      if (fastReads()?.take(request, response, handler) !== true) handler(request, response)
    })
    return server
  }
}

/** Requests that are no HTTP, too slow, or whose headers are too large never reach a handler. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return
  const problem =
    PARSER_PROBLEMS[error.code ?? ''] ?? new ProblemError('VALIDATION_FAILED', 'the request is not HTTP')
  // Whoever never reads the answer holds no connection.
  socket.end(rawProblem(problem), () => socket.destroy())
}

/** By the codes of Node's HTTP parser. */
const PARSER_PROBLEMS: Readonly<Record<string, ProblemError>> = {
  HPE_HEADER_OVERFLOW: new ProblemError('HEADERS_TOO_LARGE'),
  ERR_HTTP_REQUEST_TIMEOUT: new ProblemError('REQUEST_TIMEOUT'),
}
