import type { FastifyInstance, FastifySchema, preValidationHookHandler } from 'fastify'
import { ProblemError } from './problem-error.ts'
import { preconditionOf } from './reads/conditional.ts'

const WRITES = new Set(['PUT', 'POST', 'DELETE'])

/**
 * Refuses preconditions of writes whose resource has no entity tag (positions, order numbers): no tag can match, and a
 * condition that is ignored would let the write pass. Applies to every route added afterwards.
 */
export function refuseUntaggedPreconditions(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    if (![route.method].flat().some(method => WRITES.has(method)) || isGuarded(route.schema)) return
    route.preValidation = [...[route.preValidation ?? []].flat(), refuse]
  })
}

const refuse: preValidationHookHandler = (request, _reply, done) => {
  try {
    const { ifMatch, ifNoneMatch } = preconditionOf(request)
    if (ifMatch === undefined && ifNoneMatch !== '*') done()
    else done(new ProblemError('VERSION_MISMATCH', 'what this address writes has no entity tag'))
  } catch (error) {
    done(error as Error)
  }
}

function isGuarded(schema: FastifySchema | undefined): boolean {
  const { properties = {} } = (schema?.headers ?? {}) as { properties?: object }
  return 'if-match' in properties
}
