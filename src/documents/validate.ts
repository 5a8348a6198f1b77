import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Fault } from '../errors.ts'
import { documentOf } from './catalogue.ts'
import type { JsonObject } from './json.ts'
import { joinPath } from './paths.ts'
import { checkRules } from './rules.ts'
import { unknownFields } from './unknown-fields.ts'

/** More than this helps nobody. */
const MAX_FAULTS = 200

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  coerceTypes: false,
  useDefaults: false,
})
const validators = new Map<string, ValidateFunction>()

/**
 * All faults of a whole document: its schema, fields nobody knows, the rules across fields. `examples` are objects
 * whose unknown fields are accepted with the type they have there (unknown-fields.ts). Never throws.
 */
export function validateDocument(kind: string, data: JsonObject, examples: readonly JsonObject[]): Fault[] {
  const { schema, family } = documentOf(kind)
  let validate = validators.get(family)
  if (validate === undefined) {
    validate = ajv.compile(schema)
    validators.set(family, validate)
  }
  validate(data)
  const faults = [
    ...(validate.errors ?? []).filter(({ keyword }) => keyword !== 'additionalProperties').map(toFault),
    ...unknownFields(schema, data, examples),
    ...checkRules(family, data),
  ]
  if (faults.length <= MAX_FAULTS) return faults
  return [...faults.slice(0, MAX_FAULTS), { path: '', message: `${faults.length - MAX_FAULTS} more faults` }]
}

function toFault({ instancePath, keyword, params, message }: ErrorObject): Fault {
  const path = instancePath
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(joinPath, '')
  if (keyword === 'required') return { path: joinPath(path, params.missingProperty), message: 'is required' }
  if (keyword === 'enum')
    return { path, message: `must be one of ${params.allowedValues.map(quoted).join(', ')}` }
  return { path, message: message ?? 'is not valid' }
}

function quoted(value: unknown): string {
  return JSON.stringify(value)
}
