import { canonicalJson } from '../documents/canonical.ts'
import type { PathChange } from '../documents/changes.ts'
import { readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject, own } from '../documents/json.ts'
import { splitPath } from '../documents/paths.ts'

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

function restoreField(data: JsonObject, path: readonly string[], change: PathChange): JsonObject {
  const [name, ...below] = path
  const current = own(data, name!)
  if (below.length === 0) return isSame(current, change.to) ? withField(data, name!, change.from) : data
  if (current !== undefined && !isJsonObject(current)) return data
  const inner = restoreField(current ?? {}, below, change)
  if (inner === current || (current === undefined && isEmpty(inner))) return data
  // The change made the object with the field: a path leads into an object only if it had fields, or did not exist.
  return withField(data, name!, isEmpty(inner) ? undefined : inner)
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
