import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ACTOR_RULE, namedCaller } from '../auth/actor.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import { actingUser, isLooking, onlyLooks, type Principal, requireScope } from '../auth/principal.ts'
import { isUserId } from '../documents/user-id.ts'
import type { Actor } from '../settings/service.ts'
import type { AuthFailures } from './auth-failures.ts'
import { ProblemError } from './problem-error.ts'
import { rateLimited } from './rate-limited.ts'
import { scopeOf } from './scopes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; set on every route that needs authentication. */
    principal: Principal | null
  }
}

/**
 * Every route of this scope answers 401 to unknown callers, and 429 to addresses that failed too often. The 429 only meets
 * headers that were not verified before, so that guesses from an address do not stop the callers behind it.
 */
export function authenticateAll(
  app: FastifyInstance,
  authenticator: Authenticator,
  failures: AuthFailures,
): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { authorization } = request.headers
    const known = authenticator.known(authorization)
    if (known !== undefined) {
      admit(request, known, done)
      return
    }
    const waitMs = authorization === undefined ? 0 : failures.waitMs(request.ip)
    if (waitMs > 0) {
      done(rateLimited(waitMs))
      return
    }
    authenticator.authenticate(authorization).then(
      principal => admit(request, principal, done),
      error => {
        if (authorization !== undefined) failures.count(request.ip, error)
        done(error)
      },
    )
  })
}

/** Sets the principal, and refuses a token that lacks the scope of the route. */
function admit(request: FastifyRequest, principal: Principal, done: (error?: Error) => void): void {
  request.principal = principal
  try {
    // Only services have scopes; for other callers do not read `routeOptions`, which Fastify makes at each access.
    if (principal.scopes !== undefined) {
      requireScope(principal, scopeOf(request.method, request.routeOptions.url ?? ''))
    }
  } catch (error) {
    done(error as Error)
    return
  }
  done()
}

export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error('the route does not authenticate')
  return request.principal
}

/** The user whose documents the request is about, and the caller. VALIDATION_FAILED for a malformed X-Actor. */
export function actorOf(request: FastifyRequest): Actor {
  return { userId: userIdOf(request), caller: callerOf(request) }
}

/** The actor of a read of documents or bundles. */
export function readerOf(request: FastifyRequest): Actor {
  return { ...actorOf(request), isLooking: isLooking(principalOf(request), request.method) }
}

/** The actor of a request that looks at a user without reading documents (comparison, history, events, preview). */
export function lookerOf(request: FastifyRequest): Actor {
  return { ...actorOf(request), isLooking: onlyLooks(principalOf(request)) }
}

/** The user the caller acts for, for requests that leave no history. */
export function userIdOf(request: FastifyRequest): string {
  return actingUser(principalOf(request), request.headers['x-user-id'])
}

/** The caller as the history names it. VALIDATION_FAILED for a malformed X-Actor. */
export function callerOf(request: FastifyRequest): string {
  const caller = namedCaller(principalOf(request), request.headers['x-actor'])
  if (caller !== undefined) return caller
  throw new ProblemError('VALIDATION_FAILED', 'the request is not valid', {
    errors: [{ path: 'X-Actor', message: `must be ${ACTOR_RULE}` }],
  })
}

/** For logs: the user a request is about, if known and well-formed. */
export function userOf({ principal, headers }: FastifyRequest): string | undefined {
  const named = headers['x-user-id']
  if (typeof named === 'string') return isUserId(named) ? named : undefined
  return principal?.kind === 'service' ? undefined : principal?.id
}
