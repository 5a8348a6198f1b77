import type { Fault } from '../errors.ts'
import { type DefaultsPlace, DOCUMENTS, type DocumentDefinition, normalizeMode } from './catalogue.ts'
import { filePath, isModeSection, isNote, valueAt, withValue } from './file-format.ts'
import { isJsonObject, type JsonObject, typeFault } from './json.ts'
import { joinPath } from './paths.ts'
import { validateDocument } from './validate.ts'

/** When one of the two names of a mode holds null, the other one counts; settings under both are a fault. */
export function withOneNamePerMode(file: JsonObject, faults: Fault[]): JsonObject {
  const sections = Object.entries(file).map(([name, section]) => {
    if (!isModeSection(name) || !isJsonObject(section)) return [name, section]
    const present = Object.entries(section).filter(([, value]) => value !== null)
    const taken = new Set<string>()
    for (const [key] of present) {
      const mode = normalizeMode(key) ?? key
      const message = `must be there once: ultra and ultra_fast name one mode`
      if (taken.has(mode)) faults.push({ path: joinPath(name, key), message })
      taken.add(mode)
    }
    const empty = Object.entries(section).filter(([key]) => !taken.has(normalizeMode(key) ?? key))
    return [name, Object.fromEntries([...present, ...empty])]
  })
  return Object.fromEntries(sections)
}

/** Moves sections from the places of other versions of the bot to ours. */
export function withFormerPlaces(file: JsonObject): JsonObject {
  let data = file
  for (const { places, formerPlaces } of DOCUMENTS) {
    if ((valueAt(data, places[0]!.path) ?? null) !== null) continue
    const former = formerPlaces.find(path => isJsonObject(valueAt(data, filePath(data, path))))
    if (former === undefined) continue
    const { path } = places[0]!
    data = withValue(data, path, valueAt(data, filePath(data, former)))
    // Moved, not copied, when it is a section of its own: two would not stay equal.
    if (former.length === 1) data = omit(data, former[0]!)
  }
  return data
}

/** Paths of sections and modes that belong to no document and are no notes. */
export function unusedParts(file: JsonObject): string[] {
  const used = DOCUMENTS.flatMap(({ places }) => places.map(({ path }) => filePath(file, path)))
  return Object.entries(file).flatMap(([name, section]) => {
    if (isNote(name) || name === METADATA) return []
    const inside = used.filter(([first]) => first === name)
    if (inside.length === 0) return [joinPath('', name)]
    if (inside.some(path => path.length === 1) || !isJsonObject(section)) return []
    return Object.keys(section)
      .filter(inner => !isNote(inner) && !inside.some(path => path[1] === inner))
      .map(inner => joinPath(name, inner))
  })
}

/** Says which program wrote the file; it is stored. */
const METADATA = 'metadata'

function omit(data: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(data).filter(([other]) => other !== name))
}

/** Sections that are missing or null become those of the built-in file. */
export function withSections(file: JsonObject, builtIn: JsonObject): JsonObject {
  const given = Object.entries(file).filter(
    ([name, section]) => section !== null || !Object.hasOwn(builtIn, name),
  )
  let data: JsonObject = { ...builtIn, ...Object.fromEntries(given) }
  for (const { places } of DOCUMENTS) {
    for (const { path } of places) {
      const here = filePath(data, path)
      const missing = valueAt(data, here) ?? null
      if (missing === null && isJsonObject(valueAt(data, here.slice(0, -1)))) {
        data = withValue(data, here, valueAt(builtIn, filePath(builtIn, path)))
      }
    }
  }
  return data
}

/** A fault for each place of a document that holds something else than an object, null included. */
export function documentsAreObjects(defaults: JsonObject): Fault[] {
  const faults = new Map<string, Fault>()
  for (const { places } of DOCUMENTS) {
    for (const { path } of places) {
      const full = filePath(defaults, path)
      const index = full.findIndex((_, end) => !isJsonObject(valueAt(defaults, full.slice(0, end + 1))))
      if (index < 0) continue
      const at = full.slice(0, index + 1).reduce(joinPath, '')
      faults.set(at, { path: at, message: typeFault('object', valueAt(defaults, full.slice(0, index + 1))) })
    }
  }
  return [...faults.values()]
}

/** The faults of one document of the file (validateDocument), with the paths of the file, also those of suggested fields. */
export function faultsInFile(
  file: JsonObject,
  document: DocumentDefinition,
  data: JsonObject,
  example: JsonObject,
): Fault[] {
  const inFile = (path: string) => pathInFile(file, document, path)
  return validateDocument(document.kind, data, [example], inFile).map(({ path, message }) => ({
    path: inFile(path),
    message,
  }))
}

/** Where the file has a path of the document. */
function pathInFile(file: JsonObject, { places }: DocumentDefinition, path: string): string {
  const place = places.find(({ field }) => isAt(path, field)) ?? places[0]!
  const prefix = filePath(file, place.path).reduce(joinPath, '')
  const rest = place.field === undefined ? path : path.slice(place.field.length + 1)
  return rest === '' ? prefix : `${prefix}.${rest}`
}

function isAt(path: string, field: DefaultsPlace['field']): boolean {
  return field === undefined || path === field || path.startsWith(`${field}.`)
}
