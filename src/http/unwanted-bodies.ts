import type { FastifyInstance, FastifySchema, preValidationHookHandler } from 'fastify'
import { isJsonObject, typeFault } from '../documents/json.ts'
import { joinPath } from '../documents/paths.ts'
import { unknownName } from '../documents/unknown-fields.ts'
import type { Fault } from '../errors.ts'
import { ProblemError } from './problem-error.ts'

const WRITES = new Set(['PUT', 'POST', 'DELETE'])
/** Most faults of one answer: a body may have tens of thousands of names. */
const MAX_FAULTS = 20
const SHOWN_NAME = 64

/**
 * Refuses bodies of writes that take none, because a caller who sends `{"dry_run":true}` there must not have the write carried
 * out. `{}` says nothing, and some clients always send it. Applies to every route added afterwards: runs after its other
 * preValidation hooks, which ask for the role.
 */
export function refuseUnwantedBodies(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    const isWrite = [route.method].flat().some(method => WRITES.has(method))
    if (!isWrite || route.schema?.body !== undefined) return
    route.preValidation = [...[route.preValidation ?? []].flat(), refuseBody(queryNames(route.schema))]
  })
}

function refuseBody(parameters: readonly string[]): preValidationHookHandler {
  return ({ body }, _reply, done) => {
    // Fastify gives null where no body was sent.
    const faults = body === undefined || body === null ? [] : faultsOf(body, parameters)
    if (faults.length === 0) done()
    else
      done(
        new ProblemError('VALIDATION_FAILED', `this address takes no body: ${faults[0]!.message}`, {
          errors: faults,
        }),
      )
  }
}

function faultsOf(body: unknown, parameters: readonly string[]): readonly Fault[] {
  if (!isJsonObject(body)) return [{ path: '', message: typeFault('empty', body) }]
  return Object.keys(body)
    .slice(0, MAX_FAULTS)
    .map(name => ({ path: joinPath('', name.slice(0, SHOWN_NAME)), message: inQuery(name, parameters) }))
}

/** The message about a field of a body that may be meant as one of the query parameters. */
function inQuery(name: string, parameters: readonly string[]): string {
  if (parameters.includes(name)) return `${name} belongs in the query: ?${name}=...`
  const message = unknownName('field', name, parameters)
  return message.endsWith('?') ? `${message} It belongs in the query` : message
}

function queryNames(schema: FastifySchema | undefined): readonly string[] {
  return Object.keys((schema?.querystring as { properties?: object } | undefined)?.properties ?? {})
}
