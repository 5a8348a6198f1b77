import type { FastifyInstance, FastifyRequest, FastifySchema, preValidationHookHandler } from 'fastify'
import { unknownName } from '../documents/unknown-fields.ts'
import type { Fault } from '../errors.ts'
import { ProblemError } from './problem-error.ts'

/** A parameter as a schema describes it. */
interface Parameter {
  readonly type?: string
}
type Parameters = Readonly<Record<string, Parameter>>

/** Most faults of one answer: a query may have as many parameters as 16 KB of headers hold. */
const MAX_FAULTS = 20
const SHOWN_VALUE = 64

/**
 * Refuses query parameters that a route does not know, that are given twice or whose text is not exactly of their type,
 * because a misspelt `dry_run` must not write. Applies to every route added afterwards: runs after its other preValidation
 * hooks and before its body is validated.
 */
export function checkQueryParameters(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    const check = checkOf(route.schema)
    // Fastify copies the options of a GET to its HEAD: the check must not be there twice.
    const before = [route.preValidation ?? []].flat().filter(hook => !checks.has(hook))
    route.preValidation = [...before, check]
  })
}

const checks = new WeakSet<object>()

function checkOf(schema: FastifySchema | undefined): preValidationHookHandler {
  const { properties = {} } = (schema?.querystring ?? {}) as { properties?: Parameters }
  const check: preValidationHookHandler = (request, _reply, done) => {
    try {
      // Most requests have no query.
      if (request.raw.url!.includes('?')) requireKnown(request, properties)
      done()
    } catch (error) {
      done(error as Error)
    }
  }
  checks.add(check)
  return check
}

function requireKnown({ query }: FastifyRequest, known: Parameters): void {
  const faults: Fault[] = []
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>)) {
    if (faults.length === MAX_FAULTS) break
    const message = faultOf(name, value, known)
    if (message !== undefined) faults.push({ path: `querystring.${name.slice(0, SHOWN_VALUE)}`, message })
  }
  if (faults.length > 0) {
    throw new ProblemError('VALIDATION_FAILED', faults.map(({ message }) => message).join('; '), {
      errors: faults,
    })
  }
}

function faultOf(name: string, value: string | string[], known: Parameters): string | undefined {
  const parameter = Object.hasOwn(known, name) ? known[name] : undefined
  if (parameter === undefined) return unknownName('query parameter', name, Object.keys(known))
  // PostgreSQL has no text with it.
  if ([value].flat().some(text => text.includes('\0'))) return `${name} must not contain NUL`
  if (parameter.type === 'array') return undefined
  if (typeof value !== 'string') return `${name} must be given once`
  if (value === '') return `${name} must not be empty`
  const given = JSON.stringify(value.slice(0, SHOWN_VALUE))
  if (parameter.type === 'boolean' && value !== 'true' && value !== 'false') {
    return `${name} must be true or false, not ${given}`
  }
  if (parameter.type === 'integer' && !/^(0|-?[1-9]\d*)$/.test(value)) {
    return `${name} must be an integer, not ${given}`
  }
  return undefined
}

/** The two names of a dry run, which answers what a write would change. Routes that accept one accept both. */
export interface DryRunQuery {
  readonly dry_run?: boolean
  readonly preview?: boolean
}

/** True when either parameter is true. VALIDATION_FAILED when they contradict each other. */
export function isDryRun({ dry_run: dryRun, preview }: DryRunQuery): boolean {
  if (dryRun !== undefined && preview !== undefined && dryRun !== preview) {
    const message = 'dry_run and preview mean the same and must not differ'
    throw new ProblemError('VALIDATION_FAILED', message, {
      errors: [{ path: 'querystring.preview', message }],
    })
  }
  return dryRun ?? preview ?? false
}
