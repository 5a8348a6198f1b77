import type { FastifyInstance, onSendHookHandler } from 'fastify'

/** Removes Content-Length from 304 answers to HEAD, where Fastify sets 0. Applies to every route added afterwards. */
export function removeLengthsOf304(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    if (route.method === 'HEAD') route.onSend = [...[route.onSend ?? []].flat(), withoutLength]
  })
}

const withoutLength: onSendHookHandler = (_request, reply, payload, done) => {
  if (reply.statusCode === 304) reply.removeHeader('content-length')
  done(null, payload)
}
