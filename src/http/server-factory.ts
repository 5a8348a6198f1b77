import { createServer, type Server, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyServerFactory } from 'fastify'
import type { Config } from '../config.ts'
import { refuseExpectation, refuseTunnel } from './client-errors.ts'
import { inOrder } from './connection-order.ts'
import type { Connections } from './connections.ts'
import { isLingering, lingerBeforeClose } from './lingering.ts'
import type { SocketDoor } from './reads/door.ts'

/** Longest time for the headers of a request. Honest headers are one packet; a slow sender must not hold a connection. */
const MAX_HEADERS_MS = 10_000

/**
 * Makes the HTTP server, with the door of plain reads in front of Fastify. `door` is called per request, because there is
 * none before the app is built. Fastify applies none of its server options to a server from a factory.
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
    // By default Node checks for slow requests every 30 s only.
    connectionsCheckingInterval: headersTimeout / 4,
    // No handler reads the body of a GET: without its stream and events a 304 costs 3 % less.
    optimizeEmptyRequests: true,
    // Makes repeated headers visible; without it Node keeps the first one of some.
    joinDuplicateHeaders: true,
    // Node would answer 400 without a problem document; ambiguous-headers.ts checks the header.
    requireHostHeader: false,
  }
  return (handler): Server => {
    const serve = inOrder((request, response) => {
      if (door()?.take(request, response) !== true) handler(request, response)
    })
    return createServer(options, (request, response) => {
      const { socket } = request
      if (isLingering(socket)) return
      connections().markActive(socket)
      serve(request, response)
    })
      .on('connection', (socket: Socket) => lingerBeforeClose(socket, () => connections().markSpent(socket)))
      .on('checkExpectation', refuseExpectation)
      .on('connect', refuseTunnel)
  }
}
