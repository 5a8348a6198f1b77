import { type TSchema, Type } from '@sinclair/typebox'
import type { Fault } from '../errors.ts'
import { DOCUMENTS } from './catalogue.ts'
import { documentDefaults } from './defaults.ts'
import { filePath, withoutNotes, withValue } from './file-format.ts'
import { documentsAreObjects, faultsInFile } from './file-sections.ts'
import type { JsonObject } from './json.ts'
import { compileRiskIndex } from './risk.ts'
import { unknownFields } from './unknown-fields.ts'

/**
 * The faults of changed defaults, by the rules of documents: fields keep their types, unknown ones are accepted
 * where the present defaults have them, notes are free. Paths are those of the file.
 */
export function validateDefaultsChange(current: JsonObject, next: JsonObject): Fault[] {
  const faults = documentsAreObjects(next)
  if (faults.length > 0) return faults
  for (const document of DOCUMENTS) {
    const { kind } = document
    faults.push(
      ...faultsInFile(next, document, documentDefaults(next, kind), documentDefaults(current, kind)),
    )
  }
  const others = unknownFields(schemaOf(next), withEmptyDocuments(next), [withoutNotes(current)])
  return [...faults, ...others, ...compileRiskIndex(next).faults]
}

/**
 * What the gateway knows of the file: the documents in their places. The rest is judged by what the present defaults have there. A
 * section is no free object, although nothing else than its documents may be in it.
 */
function schemaOf(file: JsonObject): TSchema {
  const sections: Record<string, TSchema> = {}
  for (const { path, schema } of placesIn(file)) {
    const [name, inner] = path
    sections[name!] =
      inner === undefined ? schema : Type.Object({ ...sections[name!]?.properties, [inner]: schema })
  }
  return Type.Object(sections)
}

/** The file without notes, and without what is in the documents, which are judged one by one. */
function withEmptyDocuments(file: JsonObject): JsonObject {
  return placesIn(file).reduce((all, { path }) => withValue(all, path, {}), withoutNotes(file))
}

/** Where the file has documents, or their sections, and the schema of each. Paths have one or two names. */
function placesIn(file: JsonObject): { path: readonly string[]; schema: TSchema }[] {
  return DOCUMENTS.flatMap(({ places, schema }) =>
    places.map(({ field, path }) => ({
      path: filePath(file, path),
      schema: field === undefined ? schema : schema.properties[field]!,
    })),
  )
}
