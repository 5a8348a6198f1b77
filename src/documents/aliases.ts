import type { Fault } from '../errors.ts'
import { documentOf } from './catalogue.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { joinPath } from './paths.ts'

/** The bot's names of our fields and values, such as `ultra_fast_percent` and `ultra_fast`. */

/** A document, or a patch of one, in the names of its schema; itself when it has them. When a field has both names, ours counts. */
export function inOurNames(kind: string, data: JsonObject): JsonObject {
  const { fieldAliases, valueAliases } = documentOf(kind)
  return Object.entries(valueAliases).reduce(
    (all, [path, values]) => withValueOf(all, path.split('.'), values),
    withFieldNames(data, fieldAliases),
  )
}

/** The names on the way to a field, in those of the schema. */
export function inOurPath(kind: string, [first = '', ...rest]: readonly string[]): string[] {
  const { fieldAliases } = documentOf(kind)
  return [Object.hasOwn(fieldAliases, first) ? fieldAliases[first]! : first, ...rest]
}

/** The value of the field at the path, in the words of the schema. */
export function inOurValue<T>(kind: string, path: readonly string[], value: T): T | string {
  const { valueAliases } = documentOf(kind)
  const name = path.reduce(joinPath, '')
  const values = Object.hasOwn(valueAliases, name) ? valueAliases[name]! : {}
  return typeof value === 'string' && Object.hasOwn(values, value) ? values[value]! : value
}

function withFieldNames(data: JsonObject, fieldAliases: Readonly<Record<string, string>>): JsonObject {
  if (!Object.keys(fieldAliases).some(alias => Object.hasOwn(data, alias))) return data
  const isAlias = ([name]: [string, unknown]) => Object.hasOwn(fieldAliases, name)
  const entries = Object.entries(data)
  const aliased = entries.filter(isAlias).map(([name, value]) => [fieldAliases[name], value])
  return Object.fromEntries([...aliased, ...entries.filter(entry => !isAlias(entry))])
}

/** A fault for each field that has both names: one of the values would be lost. */
export function namedTwice(kind: string, data: JsonObject): Fault[] {
  return Object.entries(documentOf(kind).fieldAliases)
    .filter(([alias, name]) => Object.hasOwn(data, alias) && Object.hasOwn(data, name))
    .map(([alias, name]) => ({
      path: alias,
      message: `must be there once: ${alias} and ${name} are one field`,
    }))
}

function withValueOf(
  data: JsonObject,
  [name, ...rest]: readonly string[],
  values: Readonly<Record<string, string>>,
): JsonObject {
  const value = own(data, name!)
  if (rest.length > 0)
    return isJsonObject(value) ? { ...data, [name!]: withValueOf(value, rest, values) } : data
  return typeof value === 'string' && Object.hasOwn(values, value)
    ? { ...data, [name!]: values[value] }
    : data
}
