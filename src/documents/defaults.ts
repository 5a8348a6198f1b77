import { readFileSync } from 'node:fs'
import type { Fault } from '../errors.ts'
import { inOurNames } from './aliases.ts'
import { canonicalJson, keepTexts } from './canonical.ts'
import { DOCUMENTS, documentOf, KINDS } from './catalogue.ts'
import { complete, completeFromFile } from './complete.ts'
import { filePath, isModeSection, keyIn, valueAt, withoutNotes, withValue } from './file-format.ts'
import {
  documentsAreObjects,
  faultsInFile,
  unusedParts,
  withFormerPlaces,
  withOneNamePerMode,
  withSections,
} from './file-sections.ts'
import { guardJson } from './guard.ts'
import { readJson } from './json/read.ts'
import { isJsonObject, type JsonObject, own, typeFault } from './json.ts'
import { mergeDocument } from './merge.ts'
import { withReentryOfFile } from './position-optimization.ts'
import { compileRiskIndex } from './risk.ts'

/** The defaults that come with the gateway. */
export const BUILT_IN_DEFAULTS: JsonObject = readJson(
  readFileSync(new URL('../../default-settings.json', import.meta.url)),
) as JsonObject

const builtInDocuments = new Map(KINDS.map(kind => [kind, documentInFile(BUILT_IN_DEFAULTS, kind)]))

/**
 * Reads a defaults file of any version of the bot: missing and null sections and fields are filled
 * from the built-in file, what the gateway does not know is kept. `faults` names everything that is wrong, with
 * paths of the file; `data` is of use only when there is none. `unused` names the sections and modes of the file
 * that stay in `data` without a meaning for the gateway.
 */
export function parseDefaults(value: unknown): { data: JsonObject; faults: Fault[]; unused: string[] } {
  if (!isJsonObject(value)) return failure([{ path: '', message: typeFault('object', value) }])
  const unfit = guardJson(value)
  if (unfit.length > 0) return failure(unfit)
  const faults: Fault[] = []
  const file = withFormerPlaces(withOneNamePerMode(value, faults))
  let data = withSections(file, BUILT_IN_DEFAULTS)
  faults.push(...documentsAreObjects(data))
  if (faults.length > 0) return failure(faults)
  const reentry = isJsonObject(own(file, REENTRY))
    ? completedFromFile(data, REENTRY, undefined).filled
    : undefined
  for (const document of DOCUMENTS) {
    const { given, filled } = completedFromFile(data, document.kind, reentry)
    faults.push(...faultsInFile(data, document, filled, given))
    data = withDocumentDefaults(data, document.kind, filled)
  }
  faults.push(...compileRiskIndex(data).faults)
  return { data, faults, unused: unusedParts(data) }
}

/** The document that the group `position_optimization` of the modes takes its defaults from. */
const REENTRY = 'scalp_reentry'

function failure(faults: Fault[]): ReturnType<typeof parseDefaults> {
  return { data: {}, faults, unused: [] }
}

/** The documents of defaults that are in use: every write asks for one. */
const documentsOf = new WeakMap<JsonObject, Map<string, JsonObject>>()

/**
 * A document's defaults, without the notes of the file. Fields that came with a newer gateway than the one that
 * stored the defaults are those of the built-in file. Callers get the same object each time and must not change it.
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

const contents = new WeakMap<JsonObject, string>()

/** The same as JSON, in canonical form: what a new user gets. */
export function defaultContent(defaults: JsonObject, kind: string): string {
  const document = documentDefaults(defaults, kind)
  let content = contents.get(document)
  if (content === undefined) {
    content = canonicalJson(document)
    contents.set(document, content)
  }
  return content
}

const inOrder = new WeakMap<JsonObject, JsonObject>()

/** The same with its names in the order of the canonical form: what is merged into it is written out several times as fast. */
export function defaultsInOrder(defaults: JsonObject, kind: string): JsonObject {
  const document = documentDefaults(defaults, kind)
  let sorted = inOrder.get(document)
  if (sorted === undefined) {
    sorted = readJson(defaultContent(defaults, kind)) as JsonObject
    keepTexts(sorted)
    inOrder.set(document, sorted)
  }
  return sorted
}

/** A document of a file of any version of the bot, with every field of its schema; null counts as missing. */
function completedFromFile(
  file: JsonObject,
  kind: string,
  reentry: JsonObject | undefined,
): { given: JsonObject; filled: JsonObject } {
  const given = inOurNames(kind, documentInFile(file, kind))
  const source = withReentryOfFile(kind, builtInDocuments.get(kind) ?? {}, reentry)
  return { given, filled: completeFromFile(kind, given, source) }
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
    return [name, sectionInOurNames(name, section)]
  })
  return mergeDocument(defaults, Object.fromEntries(inNamesOfDefaults))
}

/** A section of the file in the names of the document that it is, or is a part of. */
function sectionInOurNames(name: string, section: JsonObject): unknown {
  for (const { kind, places } of DOCUMENTS) {
    const place = places.find(({ path }) => path.join('.') === name)
    if (place === undefined) continue
    if (place.field === undefined) return inOurNames(kind, section)
    return own(inOurNames(kind, { [place.field]: section }), place.field)
  }
  return section
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
