import { isJsonObject, type JsonObject, own } from './json.ts'

/**
 * The document with a patch merged into it, in the order of RFC 7396: objects are merged, everything else replaced.
 * Unlike there, null is a value. Neither argument is changed; `__proto__` is a name like any other.
 */
export function mergeDocument(current: JsonObject, patch: JsonObject): JsonObject {
  const changed = Object.entries(patch).map(([name, value]) => {
    const before = own(current, name)
    return [name, isJsonObject(value) && isJsonObject(before) ? mergeDocument(before, value) : value]
  })
  return Object.fromEntries([...Object.entries(current), ...changed])
}
