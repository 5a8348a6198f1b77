import { isJsonObject, type JsonObject } from './json.ts'

/** Texts of objects that never change. */
const keptTexts = new WeakMap<object, string>()

/** Keeps the texts of the groups of an object that never changes: documents that share them are written out in a tenth of the time. */
export function keepTexts(object: JsonObject): void {
  for (const group of Object.values(object)) {
    if (isJsonObject(group)) keptTexts.set(group, plainJson(group))
  }
}

/** Compact JSON with the keys of every object sorted by UTF-16 code units, so that equal documents are equal texts. */
export function canonicalJson(value: unknown): string {
  if (!isJsonObject(value)) return plainJson(value)
  return objectJson(value, item => (isJsonObject(item) ? keptTexts.get(item) : undefined) ?? plainJson(item))
}

/** What was parsed from a canonical text has its keys in that order still: JSON.stringify keeps it, and is several times as fast. */
function plainJson(value: unknown): string {
  return isSorted(value) ? (JSON.stringify(value) ?? 'null') : sortedJson(value)
}

/** True when every object lists its keys in the order of the canonical form. */
function isSorted(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isSorted)
  if (!isJsonObject(value)) return true
  let last = ''
  for (const name of Object.keys(value)) {
    if (name < last || !isSorted(value[name])) return false
    last = name
  }
  return true
}

/** Names of documents and the catalogue: a thousand or two. Names that callers invent are written out each time. */
const MOST_NAMES = 4_096
const LONGEST_NAME = 64
const writtenNames = new Map<string, string>()

/** A name with its colon. */
function writtenName(name: string): string {
  let written = writtenNames.get(name)
  if (written === undefined) {
    written = `${JSON.stringify(name)}:`
    if (writtenNames.size < MOST_NAMES && name.length <= LONGEST_NAME) writtenNames.set(name, written)
  }
  return written
}

/**
 * Written by hand, because an object rebuilt in that order would put array-like keys first and lose `__proto__`. Rows arrive
 * in the order of jsonb, so what most writes store passes here: what needs no escapes is not given to JSON.stringify.
 */
function sortedJson(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (Array.isArray(value)) return `[${value.map(item => sortedJson(item)).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null'
  return objectJson(value, sortedJson)
}

function objectJson(object: JsonObject, textOf: (value: unknown) => string): string {
  let fields = ''
  for (const name of Object.keys(object).sort()) {
    const item = object[name]
    if (item === undefined) continue
    fields += `${fields === '' ? '' : ','}${writtenName(name)}${textOf(item)}`
  }
  return `{${fields}}`
}
