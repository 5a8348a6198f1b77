import type { FastifyInstance, onSendHookHandler } from 'fastify'

/** A HEAD that is answered 304 says nothing of a length: Fastify would say 0. For every route that is added from now on. */
export function answerHeads(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    if (route.method === 'HEAD') route.onSend = [...[route.onSend ?? []].flat(), withoutLength]
  })
}

const withoutLength: onSendHookHandler = (_request, reply, payload, done) => {
  if (reply.statusCode === 304) reply.removeHeader('content-length')
  done(null, payload)
}
