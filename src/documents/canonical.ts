import { isJsonObject, type JsonObject } from './json.ts'

/**
 * Compact JSON with the keys of every object in one order, so that equal documents are equal texts: by UTF-16 code
 * units, array-like keys before all others, as JavaScript orders them.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(ordered(value))
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isJsonObject(value)) return value
  const sorted: JsonObject = {}
  for (const key of Object.keys(value).sort()) sorted[key] = ordered(value[key])
  return sorted
}
