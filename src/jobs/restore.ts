import { canonicalJson } from '../documents/canonical.ts'
import { diff, type PathChange } from '../documents/changes.ts'
import { readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject, own } from '../documents/json.ts'
import { joinPath, splitPath } from '../documents/paths.ts'

/** The changes in a history row. Empty when an operator stored something else there. */
export function changesIn(json: string): readonly PathChange[] {
  const list = readJson(json)
  if (!Array.isArray(list)) return []
  return list.filter(each => isJsonObject(each) && typeof own(each, 'path') === 'string')
}

/**
 * The document with the changes taken back, field by field. A field that has another value than the one the change gave it
 * was changed meanwhile, and stays. Pure; the same object when nothing is to be taken back.
 */
export function restore(data: JsonObject, changes: readonly PathChange[]): JsonObject {
  return changes.reduce((document, change) => restoreField(document, splitPath(change.path), change), data)
}

function restoreField(
  data: JsonObject,
  path: readonly string[],
  change: PathChange,
  parent: string = '',
): JsonObject {
  const [name, ...below] = path
  const current = own(data, name!)
  if (below.length === 0) return restoreLeaf(data, name!, change)
  if (current !== undefined && !isJsonObject(current)) return data
  const here = joinPath(parent, name!)
  const inner = restoreField(current ?? {}, below, change, here)
  if (inner === current || (current === undefined && isEmpty(inner))) return data
  // An object that the change made goes with its last field.
  return withField(data, name!, isEmpty(inner) && here !== change.into ? undefined : inner)
}

function restoreLeaf(data: JsonObject, name: string, { from, to }: PathChange): JsonObject {
  const current = own(data, name)
  if (isSame(current, to)) return withField(data, name, from)
  // History rows of earlier gateways name an object that was empty, or was emptied, instead of its fields.
  if (!isJsonObject(current) || !isJsonObject(from) || !isJsonObject(to)) return data
  const inner = restore(current, diff(from, to))
  return inner === current ? data : withField(data, name, inner)
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  return canonicalJson(a) === canonicalJson(b)
}

function isEmpty(object: JsonObject): boolean {
  return Object.keys(object).length === 0
}

/** Undefined removes the field. `__proto__` is a name like any other. */
function withField(data: JsonObject, name: string, value: unknown): JsonObject {
  const others = Object.entries(data).filter(([each]) => each !== name)
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]])
}
