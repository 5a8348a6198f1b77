import type { TSchema } from '@sinclair/typebox'
import fc from 'fast-check'
import { DOCUMENTS, documentOf } from '../../src/documents/catalogue.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import { keepsNumber } from '../../src/documents/json/exact-number.ts'
import type { JsonObject } from '../../src/documents/json.ts'

/** Any JSON object, as JSON.parse makes it: `__proto__` can be a name in it. */
export const jsonObjects: fc.Arbitrary<JsonObject> = fc
  .dictionary(names(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
  .map(parsed)

export const jsonValues: fc.Arbitrary<unknown> = fc.oneof(fc.jsonValue().map(parsed), jsonObjects)

export const kinds: fc.Arbitrary<string> = fc.constantFrom(...DOCUMENTS.map(({ kind }) => kind))

/** Documents of a kind that keep the schema; the rules across fields they may break. */
export function documentsOf(kind: string): fc.Arbitrary<JsonObject> {
  return fromSchema(documentOf(kind).schema) as fc.Arbitrary<JsonObject>
}

/** The built-in defaults of a kind, with random changes anywhere: other types, fields gone, fields nobody knows. */
export function mutantsOf(kind: string): fc.Arbitrary<JsonObject> {
  const base = documentDefaults(BUILT_IN_DEFAULTS, kind)
  const places = pathsOf(base)
  const change = fc.tuple(
    fc.constantFrom(...places),
    fc.option(names()),
    fc.option(jsonValues, { nil: undefined }),
  )
  return fc.array(change, { maxLength: 5 }).map(changes => {
    const copy: JsonObject = structuredClone(base)
    for (const [path, extra, value] of changes) mutate(copy, extra === null ? path : [...path, extra], value)
    return copy
  })
}

function names(): fc.Arbitrary<string> {
  const odd = ['', '__proto__', 'constructor', 'a.b', 'a\\', '\\0', '10', '9', 'enabled', '_note']
  return fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(...odd))
}

/** Numbers that a document refuses, such as those beyond 2^53 - 1, are 0: they have a test of their own. */
function parsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_name, item) =>
    typeof item === 'number' && !keepsNumber(JSON.stringify(item)) ? 0 : item,
  )
}

function pathsOf(value: JsonObject, parent: readonly string[] = []): string[][] {
  return Object.entries(value).flatMap(([name, child]) => {
    const path = [...parent, name]
    const isGroup = typeof child === 'object' && child !== null && !Array.isArray(child)
    return [path, ...(isGroup ? pathsOf(child as JsonObject, path) : [])]
  })
}

/** Undefined removes. */
function mutate(target: JsonObject, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path
  const child = Object.hasOwn(target, name!) ? target[name!] : undefined
  if (rest.length > 0 && typeof child === 'object' && child !== null) mutate(child as JsonObject, rest, value)
  else if (value === undefined) delete target[name!]
  else Object.defineProperty(target, name!, { value, enumerable: true, writable: true, configurable: true })
}

function fromSchema(schema: TSchema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const [type] = [schema.type].flat()
  if (type === 'boolean') return fc.boolean()
  if (type === 'integer') return fc.integer({ min: schema.minimum, max: schema.maximum })
  if (type === 'number') return numbers(schema.minimum, schema.maximum)
  if (type === 'string') return texts(schema)
  if (type === 'array') return arrays(schema)
  if (schema.properties === undefined) return jsonObjects
  const fields = Object.entries<TSchema>(schema.properties)
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, fromSchema(field)])))
}

function numbers(min = -1e6, max = 1e6): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true }).map(value => (Object.is(value, -0) ? 0 : value))
}

function arrays(schema: TSchema): fc.Arbitrary<unknown> {
  const items = fc.array(numbers(schema.items.minimum, schema.items.maximum), { maxLength: schema.maxItems })
  return schema.type === 'array' ? items : fc.option(items)
}

function texts({ pattern, description, minLength, maxLength }: TSchema): fc.Arbitrary<string> {
  if (pattern !== undefined)
    return fc.constantFrom(...(pattern.includes('smhd') ? ['', '0', '15m'] : ['', '20:00']))
  if (description?.includes('IANA')) return fc.constantFrom('UTC', 'Asia/Kolkata')
  return fc.string({ minLength, maxLength })
}
