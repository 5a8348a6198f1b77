import { isJsonObject } from './json.ts'

/**
 * Compact JSON with the keys of every object sorted by UTF-16 code units, so that equal documents are equal texts.
 * Written by hand, because an object rebuilt in that order would put array-like keys first and lose `__proto__`.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item)).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null'
  let fields = ''
  for (const name of Object.keys(value).sort()) {
    const item = value[name]
    if (item === undefined) continue
    fields += `${fields === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(item)}`
  }
  return `{${fields}}`
}
