import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'
import { noRoute } from './problems.ts'

/** The paths of one pattern, and the methods that have a route there. */
interface PathMethods {
  readonly path: RegExp
  readonly methods: Set<string>
}

/**
 * Answers 405 with Allow where a path has routes for other methods only. Looks them up when a request has no route, because
 * a route for each of the 35 methods of Node at each path took a fifth of the start-up time. Call it before the routes are
 * registered, and the function it returns after all plugins, so that their headers are on this answer as well.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const patterns = new Map<string, PathMethods>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*') || url.startsWith('/docs')) return
    const { methods } = patterns.get(url) ?? addPattern(url)
    for (const each of [method].flat()) methods.add(each)
  })
  // The CORS plugin, whose hook runs later, would refuse an OPTIONS that is no preflight in plain text.
  app.addHook('onRequest', ({ method, headers, url }, _reply, done) => {
    const isPreflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined
    if (method !== 'OPTIONS' || isPreflight) return done()
    const allow = methodsOf(url)
    done(allow === '' ? noRoute(url) : notAllowed(allow))
  })
  return () => {
    // onRequest runs before the body is read.
    app.addHook('onRequest', ({ url, is404 }, _reply, done) => {
      const allow = is404 ? methodsOf(url) : ''
      if (allow === '') done()
      else done(notAllowed(allow))
    })
  }

  function addPattern(url: string): PathMethods {
    const path = new RegExp(`^${url.split(/:\w+/).map(escapeRegExp).join('[^/]+')}$`)
    const allowed = { path, methods: new Set<string>() }
    patterns.set(url, allowed)
    return allowed
  }

  function methodsOf(url: string): string {
    const [path = ''] = url.split('?', 1)
    const found = [...patterns.values()].filter(pattern => pattern.path.test(path))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].join(', ')
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function notAllowed(allow: string): ProblemError {
  return new ProblemError('METHOD_NOT_ALLOWED', `allowed: ${allow}`, { headers: { allow } })
}
