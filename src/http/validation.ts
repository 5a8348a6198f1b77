import { Ajv, type ErrorObject } from 'ajv'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { CHECKED_BY_SERVICE, OPTIONAL_BODY } from './openapi/operation.ts'

const OPTIONS = {
  allErrors: true,
  // So that a fault can name the nearest known field.
  verbose: true,
  allowUnionTypes: true,
  keywords: ['example', CHECKED_BY_SERVICE, OPTIONAL_BODY],
}
// Bodies are never coerced: "5" is no number. Parameters and queries arrive as texts, so they are.
const strict = new Ajv(OPTIONS)
const coercing = new Ajv({ ...OPTIONS, coerceTypes: true, useDefaults: true })

interface Check {
  (data: unknown): boolean
  errors?: ErrorObject[] | null
}

const compile: FastifySchemaCompiler<Record<string, unknown>> = ({ schema, httpPart }) => {
  if (schema[CHECKED_BY_SERVICE] === true) return () => true
  if (httpPart !== 'body') return finite(coercing.compile(schema))
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

/** Ajv coerces `1e400` to Infinity and then takes it for a number of any type and bound. */
function finite(validate: Check): Check {
  const check: Check = data => {
    const valid = validate(data)
    const infinite = Object.entries(data ?? {}).filter(
      ([, value]) => Math.abs(value) === Number.POSITIVE_INFINITY,
    )
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

/** How Fastify checks what the schemas of routes describe. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(compile)
  // Bodies of settings are sent as stored; the others are small. A schema must never drop what it does not name.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
}
