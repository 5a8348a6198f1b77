import { createServer, type Server, type ServerOptions } from 'node:http'
import type { FastifyServerFactory } from 'fastify'
import type { Config } from '../config.ts'
import { refuseExpectation, refuseTunnel } from './client-errors.ts'
import { inOrder } from './connection-order.ts'
import type { Connections } from './connections.ts'
import type { SocketDoor } from './reads/door.ts'

/** A connection that says nothing, or says it byte by byte, keeps its place for so long. Headers are one packet. */
const MAX_HEADERS_MS = 10_000

/**
 * The HTTP server, with the door of plain reads in front of Fastify. `door` is called per request: there is none before
 * the app is built. Fastify leaves all settings of such a server to its maker.
 */
export function serverFactory(
  http: Config['http'],
  connections: () => Connections,
  door: () => SocketDoor | undefined,
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
    // So that a header that came twice is seen: of some Node takes the first one.
    joinDuplicateHeaders: true,
    // Node would answer without a problem.
    requireHostHeader: false,
  }
  return (handler): Server => {
    const serve = inOrder((request, response) => {
      if (door()?.take(request, response) !== true) handler(request, response)
    })
    return createServer(options, (request, response) => {
      connections().spoke(request.socket)
      serve(request, response)
    })
      .on('checkExpectation', refuseExpectation)
      .on('connect', refuseTunnel)
  }
}
