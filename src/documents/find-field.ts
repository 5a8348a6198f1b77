import { type TSchema, Type } from '@sinclair/typebox'
import { documentOf } from './catalogue.ts'
import { isJsonObject, type JsonObject, jsonTypeOf, own } from './json.ts'
import { pathsOfLeaf } from './leaf-paths.ts'
import { joinPath, shownPath } from './paths.ts'
import { isFree, nearestName, oneOf } from './unknown-fields.ts'

/** What a document may have at a path. */
export interface Field {
  /** Undefined: no schema knows the field, the examples have it. */
  readonly schema: TSchema | undefined
  /** What the examples have there. */
  readonly given: readonly unknown[]
}

export interface FindOptions {
  /** In an object that may hold anything, only what an example has is a field. */
  readonly mustExist?: boolean
}

const ANYTHING: Field = { schema: Type.Unknown(), given: [] }
/** Characters of a path that a message shows. */
const SHOWN_PATH = 200
const INDEX = /^(0|[1-9]\d*)$/

/**
 * The field at the path, whose names are ours (aliases.ts); or the message that there is none, with the nearest one. As in
 * unknown-fields.ts, what no schema knows is a field when an example has it.
 */
export function findField(
  kind: string,
  names: readonly string[],
  examples: readonly JsonObject[],
  options: FindOptions = {},
): Field | string {
  const { schema } = documentOf(kind)
  let field: Field = { schema, given: examples }
  for (const [depth, name] of names.entries()) {
    const inner = fieldIn(field, name, options)
    if (inner === undefined) return messageAbout(schema, field, names, depth, options)
    field = inner
  }
  return field
}

/** The names of JSON Schema for its types; undefined = any. */
export function typesOf({ schema, given }: Field): readonly string[] | undefined {
  if (schema !== undefined) return schema.type === undefined ? undefined : [schema.type].flat()
  return given.includes(null) ? undefined : [...new Set(given.map(jsonTypeOf))]
}

/** Names of the fields in it. */
export function fieldsIn({ schema, given }: Field): readonly string[] {
  return [...Object.keys(schema?.properties ?? {}), ...given.filter(isJsonObject).flatMap(Object.keys)]
}

function fieldIn({ schema, given }: Field, name: string, { mustExist }: FindOptions): Field | undefined {
  const fields: Record<string, TSchema> | undefined = schema?.properties
  const values = given
    .filter(isJsonObject)
    .flatMap(each => (Object.hasOwn(each, name) ? [own(each, name)] : []))
  if (fields !== undefined && Object.hasOwn(fields, name)) return { schema: fields[name], given: values }
  const isItem = INDEX.test(name)
  if (isItem && schema?.items !== undefined) return { schema: schema.items, given: [] }
  const isOpen =
    schema === undefined
      ? given.some(each => isFree(each) || (isItem && Array.isArray(each)))
      : fields === undefined && (schema.type ?? 'object') === 'object'
  if (isOpen) return values.length > 0 || !mustExist ? { ...ANYTHING, given: values } : undefined
  return values.length > 0 ? { schema: undefined, given: values } : undefined
}

function messageAbout(
  root: TSchema,
  parent: Field,
  names: readonly string[],
  depth: number,
  options: FindOptions,
): string {
  const before = names.slice(0, depth)
  const message = `unknown field ${shownPath(names).slice(0, SHOWN_PATH).toWellFormed()}`
  const elsewhere = pathsOfLeaf(root, names[depth]!)
  if (elsewhere.length > 0) return `${message}, did you mean ${oneOf(elsewhere)}?`
  const nearest = nearestName(names[depth]!, fieldsIn(parent))
  if (nearest === undefined) return depth === 0 ? message : `${message}: ${shownPath(before)} has no fields`
  // The rest of the path may be right.
  const rest = names.slice(depth + 1)
  let inner = fieldIn(parent, nearest, options)
  for (const name of rest) inner = inner && fieldIn(inner, name, options)
  const meant = [...before, nearest, ...(inner === undefined ? [] : rest)]
  return `${message}, did you mean ${meant.reduce(joinPath, '')}?`
}
