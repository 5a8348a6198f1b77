import { Ajv, type ErrorObject } from 'ajv'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { CHECKED_BY_SERVICE, OPTIONAL_BODY } from './openapi/operation.ts'

const OPTIONS = {
  allErrors: true,
  // So that a fault can name the nearest known field.
  verbose: true,
  allowUnionTypes: true,
  keywords: ['example', CHECKED_BY_SERVICE, OPTIONAL_BODY],
  // Documented only: the handlers parse times.
  formats: { 'date-time': true as const },
}
// Bodies are never coerced: "5" is no number. Parameters and queries arrive as texts, so they are.
const strict = new Ajv(OPTIONS)
const coercing = new Ajv({ ...OPTIONS, coerceTypes: 'array', useDefaults: true })

interface Check {
  (data: unknown): boolean
  errors?: ErrorObject[] | null
}

const compile: FastifySchemaCompiler<Record<string, unknown>> = ({ schema, httpPart }) => {
  if (schema[CHECKED_BY_SERVICE] === true) return () => true
  // Headers arrive as texts and are described for the documentation: nothing about a text can be wrong here.
  if (httpPart === 'headers') return () => true
  if (httpPart !== 'body') return skipEmpty(schema, refuseInfinity(coercing.compile(schema)))
  const validate = strict.compile(schema)
  if (schema[OPTIONAL_BODY] !== true) return validate
  // Fastify gives null for a request without a body.
  const check: Check = data => {
    const valid = data === null || validate(data)
    check.errors = validate.errors ?? null
    return valid
  }
  return check
}

/** Skips the check of an empty query, as most requests have, unless a name is required or has a default. */
function skipEmpty({ required, properties }: Record<string, unknown>, validate: Check): Check {
  const defaults = Object.values(properties ?? {}).some(property => 'default' in property)
  if (required !== undefined || defaults) return validate
  const check: Check = data => {
    for (const _name in data as object) {
      const valid = validate(data)
      check.errors = validate.errors ?? null
      return valid
    }
    return true
  }
  return check
}

/** Refuses `1e400`, which Ajv coerces to Infinity and then accepts as a number of any type and bound. */
function refuseInfinity(validate: Check): Check {
  const check: Check = data => {
    const valid = validate(data)
    if (valid && !hasInfinity(data as object)) return true
    const infinite = Object.entries(data ?? {}).filter(([, value]) => isInfinite(value))
    check.errors = [
      ...(validate.errors ?? []),
      ...infinite.map(([name]) => ({
        keyword: 'type',
        instancePath: `/${name}`,
        schemaPath: '',
        params: { type: 'number' },
        message: 'must be a number that fits a double',
      })),
    ]
    return valid && infinite.length === 0
  }
  return check
}

function hasInfinity(data: object): boolean {
  for (const name in data) if (isInfinite(data[name as never])) return true
  return false
}

function isInfinite(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) === Number.POSITIVE_INFINITY
}

/** Sets how Fastify validates requests against the schemas of routes. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(compile)
  // Bodies of settings are sent as stored; the others are small. A schema must never drop what it does not name.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
}
