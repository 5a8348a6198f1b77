import { isJsonObject, type JsonObject } from './json.ts'

/**
 * The document with a patch merged into it, in the order of RFC 7396: objects are merged, everything else replaced.
 * Unlike there, null is a value. Neither argument is changed.
 */
export function mergeDocument(current: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...current }
  for (const [key, value] of Object.entries(patch)) {
    const before = merged[key]
    merged[key] = isJsonObject(value) && isJsonObject(before) ? mergeDocument(before, value) : value
  }
  return merged
}
