import { readFileSync } from 'node:fs'
import type { Fault } from '../errors.ts'
import { DOCUMENTS, documentOf } from './catalogue.ts'
import { complete, completeFromFile } from './complete.ts'
import { filePath, isModeSection, keyIn, valueAt, withoutNotes, withValue } from './file-format.ts'
import { documentsAreObjects, filePaths, withOneNamePerMode, withSections } from './file-sections.ts'
import { guardJson } from './guard.ts'
import { readJson } from './json/read.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { mergeDocument } from './merge.ts'
import { compileRiskIndex } from './risk.ts'
import { validateDocument } from './validate.ts'

/** The defaults that come with the gateway. */
export const BUILT_IN_DEFAULTS: JsonObject = readJson(
  readFileSync(new URL('../../default-settings.json', import.meta.url)),
) as JsonObject

const builtInDocuments = new Map(DOCUMENTS.map(({ kind }) => [kind, documentInFile(BUILT_IN_DEFAULTS, kind)]))

/**
 * Reads a defaults file, whichever version of the bot wrote it: missing and null sections and fields are filled
 * from the built-in file, what the gateway does not know is kept. `faults` names everything that is wrong, with
 * paths of the file; `data` is of use only when there is none.
 */
export function parseDefaults(value: unknown): { data: JsonObject; faults: Fault[] } {
  if (!isJsonObject(value)) return { data: {}, faults: [{ path: '', message: 'must be object' }] }
  const unfit = guardJson(value)
  if (unfit.length > 0) return { data: {}, faults: unfit }
  const faults: Fault[] = []
  let data = withSections(withOneNamePerMode(value, faults), BUILT_IN_DEFAULTS)
  faults.push(...documentsAreObjects(data))
  if (faults.length > 0) return { data: {}, faults }
  for (const document of DOCUMENTS) {
    const { given, filled } = completedFromFile(data, document.kind)
    faults.push(...filePaths(data, document, validateDocument(document.kind, filled, [given])))
    data = withDocumentDefaults(data, document.kind, filled)
  }
  faults.push(...compileRiskIndex(data).faults)
  return { data, faults }
}

/** The documents of defaults that are in use: every write asks for one. */
const documentsOf = new WeakMap<JsonObject, Map<string, JsonObject>>()

/**
 * A document's defaults, without the notes of the file. Fields that came with a newer gateway than the one that
 * stored the defaults are those of the built-in file. The same object each time; nobody may change it.
 */
export function documentDefaults(defaults: JsonObject, kind: string): JsonObject {
  const documents = documentsOf.get(defaults) ?? new Map<string, JsonObject>()
  documentsOf.set(defaults, documents)
  let document = documents.get(kind)
  if (document === undefined) {
    document = complete(kind, documentInFile(defaults, kind), builtInDocuments.get(kind) ?? {})
    documents.set(kind, document)
  }
  return document
}

/** A document of a file of any version of the bot, with every field of its schema; null counts as missing. */
function completedFromFile(file: JsonObject, kind: string): { given: JsonObject; filled: JsonObject } {
  const given = renamed(kind, documentInFile(file, kind))
  return { given, filled: completeFromFile(kind, given, builtInDocuments.get(kind) ?? {}) }
}

/** What the file itself has of a document, without notes. */
function documentInFile(file: JsonObject, kind: string): JsonObject {
  const document: JsonObject = {}
  for (const { field, path } of documentOf(kind).places) {
    const section = valueAt(file, filePath(file, path))
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

/**
 * A patch of the defaults merged into them, in the format of the file: `ultra` and `ultra_fast` name the same mode,
 * other names of fields are understood as in a file.
 */
export function mergeDefaults(defaults: JsonObject, patch: JsonObject): JsonObject {
  const inNamesOfDefaults = Object.entries(patch).map(([name, section]) => {
    const present = own(defaults, name)
    if (!isJsonObject(section) || !isJsonObject(present)) return [name, section]
    if (isModeSection(name)) return [name, renamedKeys(section, key => keyIn(present, key))]
    const document = DOCUMENTS.find(({ places }) => places[0]?.path.join('.') === name)
    return [name, document === undefined ? section : renamed(document.kind, section)]
  })
  return mergeDocument(defaults, Object.fromEntries(inNamesOfDefaults))
}

/** Two keys of one name are merged, the later over the earlier. */
function renamedKeys(section: JsonObject, nameOf: (key: string) => string): JsonObject {
  const merged = new Map<string, unknown>()
  for (const [key, value] of Object.entries(section)) {
    const before = merged.get(nameOf(key))
    const both = isJsonObject(before) && isJsonObject(value)
    merged.set(nameOf(key), both ? mergeDocument(before, value) : value)
  }
  return Object.fromEntries(merged)
}

/** Fields under the names of the schema; the schema's own name wins over another one. */
function renamed(kind: string, data: JsonObject): JsonObject {
  const { fieldAliases } = documentOf(kind)
  const isAlias = ([name]: [string, unknown]) => Object.hasOwn(fieldAliases, name)
  const entries = Object.entries(data)
  const aliased = entries.filter(isAlias).map(([name, value]) => [fieldAliases[name], value])
  return Object.fromEntries([...aliased, ...entries.filter(entry => !isAlias(entry))])
}
