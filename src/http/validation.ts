import { Ajv, type ErrorObject } from 'ajv'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { CHECKED_BY_SERVICE, OPTIONAL_BODY } from './openapi/operation.ts'

const OPTIONS = {
  allErrors: true,
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
  if (httpPart !== 'body') return coercing.compile(schema)
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

/** How Fastify checks what the schemas of routes describe. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(compile)
  // Bodies of settings are sent as stored; the others are small. A schema must never drop what it does not name.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
}
