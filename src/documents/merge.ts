import { canonicalJson } from './canonical.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'

/** True when merging the patch into the document changes nothing. */
export function containsPatch(document: JsonObject, patch: JsonObject): boolean {
  return Object.keys(patch).every(name => {
    const [there, given] = [own(document, name), patch[name]]
    if (there === given) return true
    if (there === undefined) return false
    if (isJsonObject(there) && isJsonObject(given)) return containsPatch(there, given)
    return canonicalJson(there) === canonicalJson(given)
  })
}

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
