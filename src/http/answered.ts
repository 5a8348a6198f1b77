import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Successful answers stay open for hours: their duration is no latency. */
    longLived?: boolean
  }
}

/** Calls back after every answer of the app, except streams: their duration is no latency. */
export function onAnswered(
  app: FastifyInstance,
  tell: (
    request: FastifyRequest,
    reply: FastifyReply,
    milliseconds: number,
    route: FastifyRequest['routeOptions'],
  ) => void,
): void {
  app.addHook('onResponse', (request, reply, done) => {
    // Fastify makes this object at each access: read it once.
    const route = request.routeOptions
    const stream = route.config.longLived === true && reply.statusCode === 200
    if (!stream) tell(request, reply, reply.elapsedTime, route)
    done()
  })
}
