import { type TSchema, Type } from '@sinclair/typebox'
import type { Fault } from '../errors.ts'
import { DOCUMENTS } from './catalogue.ts'
import { documentDefaults, documentsAreObjects, filePaths } from './defaults.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import { compileRiskIndex } from './risk.ts'
import { unknownFields } from './unknown-fields.ts'
import { validateDocument } from './validate.ts'

/** What no schema knows is judged by what the present defaults have there. */
const NOTHING_KNOWN: TSchema = Type.Object({}, { additionalProperties: false })

/**
 * The faults of changed defaults, by the rules of documents: fields keep their types, unknown ones are accepted
 * where the present defaults have them, notes are free. Paths are those of the file.
 */
export function validateDefaultsChange(current: JsonObject, next: JsonObject): Fault[] {
  const faults = documentsAreObjects(next)
  if (faults.length > 0) return faults
  for (const document of DOCUMENTS) {
    const examples = [documentDefaults(current, document.kind)]
    faults.push(
      ...filePaths(
        next,
        document,
        validateDocument(document.kind, documentDefaults(next, document.kind), examples),
      ),
    )
  }
  const others = unknownFields(NOTHING_KNOWN, withoutDocuments(next), [withoutDocuments(current)])
  return [...faults, ...others, ...compileRiskIndex(next).faults]
}

/** The sections of the file that no document is made of, without notes. */
function withoutDocuments(defaults: JsonObject): JsonObject {
  const paths = DOCUMENTS.flatMap(({ places }) => places.map(({ path }) => path))
  const rest: JsonObject = {}
  for (const [name, section] of Object.entries(defaults)) {
    if (name.startsWith('_') || paths.some(path => path.length === 1 && path[0] === name)) continue
    const inner = paths.filter(path => path[0] === name).map(path => path[1]!)
    rest[name] = inner.length > 0 && isJsonObject(section) ? omit(section, inner) : section
  }
  return rest
}

function omit(section: JsonObject, names: readonly string[]): JsonObject {
  const known = new Set([...names, ...(names.includes('ultra') ? ['ultra_fast'] : [])])
  return Object.fromEntries(
    Object.entries(section).filter(([name]) => !known.has(name) && !name.startsWith('_')),
  )
}
