import { METHODS } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'
import { noRoute } from './problems.ts'

/** The pattern of the CORS plugin's route, and what stands for a request without a route. */
const ANY = '*'

/** Answers 405 with Allow on every route's other methods. Before the routes; takes effect when they are all there. */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const allowed = new Map<string, Set<string>>()
  const allow = new Map<string, string>()
  const known = new Set(app.supportedMethods)
  // All that Node's parser reads, such as PROPFIND; it hands on no request with CONNECT.
  for (const method of METHODS) if (!known.has(method) && method !== 'CONNECT') app.addHttpMethod(method)
  app.addHook('onRoute', ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    allowed.set(url, methods)
  })
  // The CORS plugin, whose hook comes later, would refuse an OPTIONS that is no preflight in plain text.
  app.addHook('onRequest', ({ method, headers, url, routeOptions }, _reply, done) => {
    const isPreflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined
    if (method !== 'OPTIONS' || isPreflight) return done()
    const { url: pattern = ANY } = routeOptions
    done(pattern === ANY ? noRoute(url) : notAllowed(allow.get(pattern) ?? ''))
  })
  return () => {
    for (const [url, methods] of [...allowed]) {
      const names = [...methods].join(', ')
      allow.set(url, names)
      if (url.includes('*') || url.startsWith('/docs')) continue
      const others = app.supportedMethods.filter(method => !methods.has(method))
      if (others.length === 0) continue
      app.route({
        method: [...others],
        url,
        schema: { hide: true },
        // Before the body is read, whatever it is.
        onRequest: async () => {
          throw notAllowed(names)
        },
        handler: async () => {},
      })
    }
  }
}

function notAllowed(allow: string): ProblemError {
  return new ProblemError('METHOD_NOT_ALLOWED', `allowed: ${allow}`, { headers: { allow } })
}
