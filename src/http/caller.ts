import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Authenticator } from '../auth/authenticator.ts'
import { actingUser, type Principal } from '../auth/principal.ts'
import { isUserId } from '../auth/user-id.ts'
import type { Actor } from '../settings/service.ts'
import type { AuthFailures } from './auth-failures.ts'
import { rateLimited } from './rate-limited.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set on every route that needs authentication. */
    principal: Principal | null
  }
}

/**
 * Every route of this scope answers 401 to callers that are not known, and 429 to addresses that failed too often:
 * only to headers that were not verified before, so that whoever guesses stops no caller who works already.
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
      request.principal = known
      done()
      return
    }
    const waitMs = authorization === undefined ? 0 : failures.waitMs(request.ip)
    if (waitMs > 0) {
      done(rateLimited(waitMs))
      return
    }
    authenticator.authenticate(authorization).then(
      principal => {
        request.principal = principal
        done()
      },
      error => {
        if (authorization !== undefined) failures.count(request.ip, error)
        done(error)
      },
    )
  })
}

export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error('the route does not authenticate')
  return request.principal
}

/** On whose documents the caller acts. */
export function actorOf(request: FastifyRequest): Actor {
  const principal = principalOf(request)
  return { userId: actingUser(principal, request.headers['x-user-id']), caller: principal.caller }
}

/** For logs: the user a request is about, as far as that is known and well-formed. */
export function userOf({ principal, headers }: FastifyRequest): string | undefined {
  const named = headers['x-user-id']
  if (typeof named === 'string') return isUserId(named) ? named : undefined
  return principal?.kind === 'service' ? undefined : principal?.id
}
