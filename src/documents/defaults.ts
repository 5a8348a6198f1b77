import { readFileSync } from 'node:fs'
import type { Fault } from '../errors.ts'
import {
  type DefaultsPlace,
  DOCUMENTS,
  type DocumentDefinition,
  documentOf,
  normalizeMode,
} from './catalogue.ts'
import { completeFromFile } from './complete.ts'
import { guardJson } from './guard.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { mergeDocument } from './merge.ts'
import { joinPath } from './paths.ts'
import { compileRiskIndex } from './risk.ts'
import { validateDocument } from './validate.ts'

/** The defaults that come with the gateway. */
export const BUILT_IN_DEFAULTS: JsonObject = JSON.parse(
  readFileSync(new URL('../../default-settings.json', import.meta.url), 'utf8'),
)

/** Names of the file for names of the documents. */
const FIELD_ALIASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  capital_allocation: { ultra_fast_percent: 'ultra_percent' },
}

/**
 * Reads a defaults file, whichever version of the bot wrote it: missing and null sections and fields are filled
 * from the built-in file, what the gateway does not know is kept. `faults` names everything that is wrong, with
 * paths of the file; `data` is of use only when there is none.
 */
export function parseDefaults(value: unknown): { data: JsonObject; faults: Fault[] } {
  if (!isJsonObject(value)) return { data: {}, faults: [{ path: '', message: 'must be object' }] }
  const unfit = guardJson(value)
  if (unfit.length > 0) return { data: {}, faults: unfit }
  let data = withSections(value)
  const faults = documentsAreObjects(data)
  if (faults.length > 0) return { data: {}, faults }
  for (const document of DOCUMENTS) {
    const given = renamed(document.kind, documentDefaults(data, document.kind))
    const filled = completeFromFile(document.kind, given, documentDefaults(BUILT_IN_DEFAULTS, document.kind))
    faults.push(...filePaths(data, document, validateDocument(document.kind, filled, [given])))
    data = withDocumentDefaults(data, document.kind, filled)
  }
  faults.push(...compileRiskIndex(data).faults)
  return { data, faults }
}

/** A document's defaults, without the notes of the file. What is not there is absent. */
export function documentDefaults(defaults: JsonObject, kind: string): JsonObject {
  const document: JsonObject = {}
  for (const { field, path } of documentOf(kind).places) {
    const section = valueAt(defaults, filePath(defaults, path))
    const plain = isJsonObject(section) ? withoutNotes(section) : section
    if (field === undefined) Object.assign(document, plain)
    else if (plain !== undefined) document[field] = plain
  }
  return document
}

/** The defaults with a document put in its place; the notes there stay. */
export function withDocumentDefaults(defaults: JsonObject, kind: string, data: JsonObject): JsonObject {
  return documentOf(kind).places.reduce((all, { field, path }) => {
    const part = field === undefined ? data : own(data, field)
    return withValue(all, filePath(all, path), part)
  }, defaults)
}

/** A patch of the defaults merged into them; `ultra` and `ultra_fast` name the same section of the file. */
export function mergeDefaults(defaults: JsonObject, patch: JsonObject): JsonObject {
  const renamedPatch = Object.fromEntries(
    Object.entries(patch).map(([name, section]) => {
      const present = own(defaults, name)
      if (!isJsonObject(section) || !isJsonObject(present)) return [name, section]
      return [
        name,
        Object.fromEntries(Object.entries(section).map(([key, value]) => [keyIn(present, key), value])),
      ]
    }),
  )
  return mergeDocument(defaults, renamedPatch)
}

/** The key under which a section has a mode: `ultra` or `ultra_fast`, whichever is there. */
function keyIn(section: JsonObject, key: string): string {
  if (Object.hasOwn(section, key)) return key
  const mode = normalizeMode(key)
  return (mode !== undefined && Object.keys(section).find(other => normalizeMode(other) === mode)) || key
}

/** A path of the catalogue as this file has it. */
function filePath(defaults: JsonObject, path: readonly string[]): string[] {
  const [first, second, ...rest] = path
  const section = own(defaults, first!)
  if (second === undefined || !isJsonObject(section)) return [...path]
  return [first!, keyIn(section, second), ...rest]
}

/** A fault for each place of a document that holds something else than an object, null included. */
export function documentsAreObjects(defaults: JsonObject): Fault[] {
  const faults: Fault[] = []
  for (const { places } of DOCUMENTS) {
    for (const { path } of places) {
      const full = filePath(defaults, path)
      const index = full.findIndex((_, end) => !isJsonObject(valueAt(defaults, full.slice(0, end + 1))))
      const fault = { path: full.slice(0, index + 1).reduce(joinPath, ''), message: 'must be object' }
      if (index >= 0 && !faults.some(other => other.path === fault.path)) faults.push(fault)
    }
  }
  return faults
}

/** The faults of a document with the paths of the file. */
export function filePaths(
  defaults: JsonObject,
  { places }: DocumentDefinition,
  faults: readonly Fault[],
): Fault[] {
  return faults.map(({ path, message }) => {
    const place = places.find(({ field }) => isAt(path, field)) ?? places[0]!
    const prefix = filePath(defaults, place.path).reduce(joinPath, '')
    const rest = place.field === undefined ? path : path.slice(place.field.length + 1)
    return { path: rest === '' ? prefix : `${prefix}.${rest}`, message }
  })
}

function isAt(path: string, field: DefaultsPlace['field']): boolean {
  return field === undefined || path === field || path.startsWith(`${field}.`)
}

function renamed(kind: string, data: JsonObject): JsonObject {
  const aliases = FIELD_ALIASES[kind] ?? {}
  return Object.fromEntries(
    Object.entries(data)
      .map(([name, value]): [string, unknown] => [aliases[name] ?? name, value])
      .sort(([a], [b]) => Number(Object.hasOwn(data, a)) - Number(Object.hasOwn(data, b))),
  )
}

/** Sections that are missing or null become those of the built-in file. */
function withSections(file: JsonObject): JsonObject {
  const given = Object.entries(file).filter(([, section]) => section !== null)
  let data: JsonObject = { ...BUILT_IN_DEFAULTS, ...Object.fromEntries(given) }
  for (const { places } of DOCUMENTS) {
    for (const { path } of places) {
      const here = filePath(data, path)
      const missing = valueAt(data, here) ?? null
      if (missing === null && isJsonObject(valueAt(data, here.slice(0, -1)))) {
        data = withValue(data, here, valueAt(BUILT_IN_DEFAULTS, filePath(BUILT_IN_DEFAULTS, path)))
      }
    }
  }
  return data
}

/** Keys that start with `_` are notes of the file, not settings. */
function withoutNotes(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(([name]) => !name.startsWith('_'))
  return Object.fromEntries(
    entries.map(([name, child]) => [name, isJsonObject(child) ? withoutNotes(child) : child]),
  )
}

function withNotesOf(before: unknown, after: unknown): unknown {
  if (!isJsonObject(before) || !isJsonObject(after)) return after
  const notes = Object.entries(before).filter(([name]) => name.startsWith('_'))
  const fields = Object.entries(after).map(([name, value]) => [name, withNotesOf(own(before, name), value)])
  return Object.fromEntries([...fields, ...notes])
}

function valueAt(value: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isJsonObject(at) ? own(at, name) : undefined), value)
}

function withValue(value: JsonObject, [name, ...rest]: readonly string[], part: unknown): JsonObject {
  const before = own(value, name!)
  if (rest.length === 0) return { ...value, [name!]: withNotesOf(before, part) }
  return { ...value, [name!]: withValue(isJsonObject(before) ? before : {}, rest, part) }
}
