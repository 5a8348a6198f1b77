import type { TSchema } from '@sinclair/typebox'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Fault } from '../errors.ts'
import { documentOf } from './catalogue.ts'
import { diff } from './changes.ts'
import { isJsonObject, type JsonObject, typeFault } from './json.ts'
import { joinPath } from './paths.ts'
import { checkRules } from './rules.ts'
import { type PathSent, unknownFields } from './unknown-fields.ts'

/** More faults would not help the caller. */
const MAX_FAULTS = 200

const ajv = new Ajv({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  coerceTypes: false,
  useDefaults: false,
  verbose: true,
})
const validators = new Map<string, ValidateFunction>()

/**
 * All faults of a whole document: its schema, unknown fields, the rules across fields. `examples` are objects
 * whose unknown fields are accepted with the type they have there (unknown-fields.ts); `pathSent` is for the fields that are
 * suggested. Never throws.
 */
export function validateDocument(
  kind: string,
  data: JsonObject,
  examples: readonly JsonObject[],
  pathSent?: PathSent,
): Fault[] {
  if (!isJsonObject(data)) return [{ path: '', message: typeFault('object', data) }]
  return limitFaults([
    ...fieldFaults(kind, data, examples, pathSent),
    ...checkRules(documentOf(kind).family, data),
  ])
}

/** What is wrong with a change. */
export interface Judgement {
  /** Faults in the fields that it changes. */
  readonly faults: readonly Fault[]
  /** Faults in stored values that it leaves as they are; they were allowed when they were stored. */
  readonly stored: readonly Fault[]
}

/** The same for a document that is to become `after`. A rule is broken by a change of any of its fields. */
export function judgeChange(
  kind: string,
  before: JsonObject,
  after: JsonObject,
  examples: readonly JsonObject[],
  pathSent?: PathSent,
): Judgement {
  const all = validateDocument(kind, after, examples, pathSent)
  if (all.length === 0) return { faults: [], stored: [] }
  const { family } = documentOf(kind)
  const changed = diff(before, after).map(({ path }) => path)
  const isChanged = (path: string) =>
    changed.some(each => each === path || isBelow(each, path) || isBelow(path, each))
  const fields = fieldFaults(kind, after, examples, pathSent)
  const faults = limitFaults([
    ...fields.filter(({ path }) => isChanged(path)),
    ...checkRules(family, after, isChanged),
  ])
  const broken = new Set(faults.map(identityOf))
  return { faults, stored: all.filter(fault => !broken.has(identityOf(fault))) }
}

function identityOf({ path, message }: Fault): string {
  return `${path}\n${message}`
}

function isBelow(path: string, parent: string): boolean {
  return parent === '' || path.startsWith(`${parent}.`)
}

/** The same without the rules across fields. */
export function fieldFaults(
  kind: string,
  data: JsonObject,
  examples: readonly JsonObject[],
  pathSent?: PathSent,
): Fault[] {
  const { schema } = documentOf(kind)
  return [...schemaFaults(validatorOf(kind), data), ...unknownFields(schema, data, examples, pathSent)]
}

function limitFaults(faults: Fault[]): Fault[] {
  if (faults.length <= MAX_FAULTS) return faults
  return [...faults.slice(0, MAX_FAULTS), { path: '', message: `${faults.length - MAX_FAULTS} more faults` }]
}

function validatorOf(kind: string): ValidateFunction {
  const { schema, family } = documentOf(kind)
  let validate = validators.get(family)
  if (validate === undefined) {
    validate = ajv.compile(frugal(schema))
    validators.set(family, validate)
  }
  return validate
}

/**
 * The schema without what could cost one error per item of a hostile body: unknown fields are judged elsewhere, and
 * the items of an array that is too long are not looked at.
 */
function frugal(schema: TSchema): TSchema {
  const { additionalProperties: _, properties, items, ...rest } = schema
  if (items !== undefined) return { ...rest, if: { minItems: schema.maxItems + 1 }, else: { items } }
  if (properties === undefined) return rest
  const fields = Object.entries<TSchema>(properties).map(([name, field]) => [name, frugal(field)])
  return { ...rest, properties: Object.fromEntries(fields) }
}

/** A value of the wrong type breaks its other bounds as well: only the type is told. */
function schemaFaults(validate: ValidateFunction, data: JsonObject): Fault[] {
  if (validate(data)) return []
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if')
  const mistyped = new Set(
    errors.filter(({ keyword }) => keyword === 'type').map(({ instancePath }) => instancePath),
  )
  return errors
    .filter(({ keyword, instancePath }) => keyword === 'type' || !mistyped.has(instancePath))
    .map(toFault)
}

function toFault(error: ErrorObject): Fault {
  const { keyword, params } = error
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(joinPath, '')
  if (keyword === 'required') return { path: joinPath(path, params.missingProperty), message: 'is required' }
  return { path, message: messageOf(error) }
}

function messageOf({ keyword, params, parentSchema, message, data }: ErrorObject): string {
  if (keyword === 'enum') return `must be one of ${params.allowedValues.map(quote).join(', ')}`
  if (keyword === 'type') return typeFault([params.type].flat().join(' or '), data)
  if (keyword === 'pattern' && parentSchema?.description) return `must be ${parentSchema.description}`
  return message ?? 'is not valid'
}

function quote(value: unknown): string {
  return JSON.stringify(value)
}
