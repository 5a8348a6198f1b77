import { type TSchema, Type } from '@sinclair/typebox'
import type { Fault } from '../errors.ts'
import { DOCUMENTS } from './catalogue.ts'
import { documentDefaults } from './defaults.ts'
import { filePath, withoutNotes } from './file-format.ts'
import { documentsAreObjects, filePaths, pathInFile } from './file-sections.ts'
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
        validateDocument(document.kind, documentDefaults(next, document.kind), examples, path =>
          pathInFile(next, document, path),
        ),
      ),
    )
  }
  const others = unknownFields(NOTHING_KNOWN, withoutDocuments(next), [withoutDocuments(current)])
  return [...faults, ...others, ...compileRiskIndex(next).faults]
}

/** The sections of the file that no document is made of, without notes. */
function withoutDocuments(defaults: JsonObject): JsonObject {
  const paths = DOCUMENTS.flatMap(({ places }) => places.map(({ path }) => filePath(defaults, path)))
  const sections = Object.entries(withoutNotes(defaults))
    .filter(([name]) => !paths.some(path => path.length === 1 && path[0] === name))
    .map(([name, section]) => {
      const taken = new Set(paths.filter(path => path[0] === name).map(path => path[1]))
      return [name, isJsonObject(section) ? omit(section, taken) : section]
    })
  return Object.fromEntries(sections)
}

function omit(section: JsonObject, names: ReadonlySet<string | undefined>): JsonObject {
  return Object.fromEntries(Object.entries(section).filter(([name]) => !names.has(name)))
}
