import type { FastifyInstance } from 'fastify'
import { ProblemError } from '../errors.ts'

/** Answers 405 with Allow on every route's other methods. Before the routes; takes effect when they are all there. */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const allowed = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    allowed.set(url, methods)
  })
  return () => {
    for (const [url, methods] of [...allowed]) {
      if (url.includes('*') || url.startsWith('/docs')) continue
      const others = app.supportedMethods.filter(method => !methods.has(method))
      const allow = [...methods].join(', ')
      if (others.length === 0) continue
      app.route({
        method: [...others],
        url,
        schema: { hide: true },
        // Before the body is read, whatever it is.
        onRequest: async () => {
          throw new ProblemError('METHOD_NOT_ALLOWED', `allowed: ${allow}`, { headers: { allow } })
        },
        handler: async () => {},
      })
    }
  }
}
