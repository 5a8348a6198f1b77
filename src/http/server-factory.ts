import { createServer, type Server, type ServerOptions } from 'node:http'
import type { FastifyServerFactory } from 'fastify'
import type { Config } from '../config.ts'
import type { FastReads } from './fast-reads.ts'

/**
 * The HTTP server, with the fast reads in front of Fastify. `fastReads` is asked per request: there are none before the
 * app is built. Fastify leaves all settings of such a server to its maker.
 */
export function serverFactory(
  http: Config['http'],
  fastReads: () => FastReads | undefined,
): FastifyServerFactory {
  const options: ServerOptions = {
    keepAliveTimeout: http.keepAliveTimeoutMs,
    // Of two different limits Node takes the smaller one for the headers: the body would have the default's 60 s.
    headersTimeout: http.requestTimeoutMs,
    requestTimeout: http.requestTimeoutMs,
    // By default Node looks for requests that are too slow every 30 s only.
    connectionsCheckingInterval: http.requestTimeoutMs / 4,
  }
  return (handler): Server =>
    createServer(options, (request, response) => {
      if (fastReads()?.take(request, response, handler) !== true) handler(request, response)
    })
}
