import { canonicalJson } from './canonical.ts'
import { isJsonObject, type JsonObject, own, setOwn } from './json.ts'

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
 * Unlike there, null is a value. Neither argument is changed, and groups that stay equal are those of `current` themselves,
 * so that later steps need not look into them; `__proto__` is a name like any other.
 */
export function mergeDocument(current: JsonObject, patch: JsonObject): JsonObject {
  return mergeInto(current, patch) ?? { ...current }
}

/** Undefined = the patch changes nothing. */
function mergeInto(current: JsonObject, patch: JsonObject): JsonObject | undefined {
  let merged: JsonObject | undefined
  for (const name of Object.keys(patch)) {
    const [before, given] = [own(current, name), patch[name]]
    if (before === given && given !== undefined) continue
    const value = isJsonObject(given) && isJsonObject(before) ? mergeInto(before, given) : given
    if (value === undefined && given !== undefined) continue
    merged ??= { ...current }
    setOwn(merged, name, value)
  }
  return merged
}
