import type { Fault } from '../errors.ts'
import { DOCUMENTS, normalizeMode } from './catalogue.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { shownPath } from './paths.ts'

/** How the bot writes its defaults file: names of modes, notes, places. */

/** Sections of the file that hold one object per mode. */
const MODE_SECTIONS: ReadonlySet<string> = new Set(
  DOCUMENTS.filter(({ mode }) => mode !== undefined).flatMap(({ places }) =>
    places.map(({ path }) => path[0]!),
  ),
)

export function isModeSection(name: string): boolean {
  return MODE_SECTIONS.has(name)
}

/** A path of the file in the names of the catalogue: `ultra_fast` and `ultra` are one mode. */
export function catalogueNames(path: readonly string[]): string[] {
  return path.map((name, index) =>
    index === 1 && isModeSection(path[0]!) ? (normalizeMode(name) ?? name) : name,
  )
}

/** The key under which a section has a mode: `ultra` or `ultra_fast`. */
export function keyIn(section: JsonObject, key: string): string {
  if (Object.hasOwn(section, key)) return key
  const mode = normalizeMode(key)
  return (mode !== undefined && Object.keys(section).find(other => normalizeMode(other) === mode)) || key
}

/** A path of the catalogue as this file has it. */
export function filePath(file: JsonObject, path: readonly string[]): string[] {
  const [first, second, ...rest] = path
  const section = own(file, first!)
  if (second === undefined || !isJsonObject(section)) return [...path]
  return [first!, keyIn(section, second), ...rest]
}

/** Keys that start with `_` are notes of the file, not settings. */
export function isNote(name: string): boolean {
  return name.startsWith('_')
}

/** More faults would not help the caller. */
const MAX_NOTES = 100

/** A fault for each note in settings of a user: it would be lost when these settings become the defaults. */
export function noteFaults(settings: JsonObject): Fault[] {
  const paths: string[] = []
  collectNotes(settings, [], paths)
  const message = 'must not begin with _: such names are notes of the defaults file, not settings'
  return paths.map(path => ({ path, message }))
}

function collectNotes(value: JsonObject, parents: readonly string[], paths: string[]): void {
  for (const name of Object.keys(value)) {
    if (paths.length >= MAX_NOTES) return
    const child = value[name]
    if (isNote(name)) paths.push(shownPath([...parents, name]))
    else if (isJsonObject(child)) collectNotes(child, [...parents, name], paths)
  }
}

export function withoutNotes(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(([name]) => !isNote(name))
  return Object.fromEntries(
    entries.map(([name, child]) => [name, isJsonObject(child) ? withoutNotes(child) : child]),
  )
}

export function valueAt(value: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isJsonObject(at) ? own(at, name) : undefined), value)
}

/** The file with a part replaced; the notes that were there stay. */
export function withValue(value: JsonObject, [name, ...rest]: readonly string[], part: unknown): JsonObject {
  const before = own(value, name!)
  if (rest.length === 0) return { ...value, [name!]: withNotesOf(before, part) }
  return { ...value, [name!]: withValue(isJsonObject(before) ? before : {}, rest, part) }
}

function withNotesOf(before: unknown, after: unknown): unknown {
  if (!isJsonObject(before) || !isJsonObject(after)) return after
  const notes = Object.entries(before).filter(([name]) => isNote(name))
  const fields = Object.entries(after).map(([name, value]) => [name, withNotesOf(own(before, name), value)])
  return Object.fromEntries([...fields, ...notes])
}
