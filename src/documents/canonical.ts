import { isJsonObject } from './json.ts'

/**
 * Compact JSON with the keys of every object sorted by UTF-16 code units, so that equal documents are equal texts.
 * Written by hand, because an object rebuilt in that order would put array-like keys first and lose `__proto__`.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item)).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null'
  const names = Object.keys(value).filter(name => value[name] !== undefined)
  return `{${names
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonicalJson(value[name])}`)
    .join(',')}}`
}
