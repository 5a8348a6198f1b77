import type { TSchema } from '@sinclair/typebox'
import { documentOf } from './catalogue.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'

/**
 * The document with every field of its schema: what is missing comes from `source`. A document that an older
 * gateway stored, or a defaults file of another version of the bot, lacks what was added later.
 */
export function complete(kind: string, data: JsonObject, source: JsonObject): JsonObject {
  return fill(documentOf(kind).schema, data, source, false)
}

/** The same for a file, where null counts as missing unless the field allows it. */
export function completeFromFile(kind: string, data: JsonObject, source: JsonObject): JsonObject {
  return fill(documentOf(kind).schema, data, source, true)
}

function fill(schema: TSchema, data: JsonObject, source: JsonObject, nullIsMissing: boolean): JsonObject {
  const fields: Record<string, TSchema> = schema.properties ?? {}
  const filled = { ...data }
  for (const [name, field] of Object.entries(fields)) {
    const value = own(data, name)
    const given = own(source, name)
    const missing = value === undefined || (nullIsMissing && value === null && !allowsNull(field))
    if (missing && given !== undefined) filled[name] = given
    else if (isJsonObject(value) && isJsonObject(given))
      filled[name] = fill(field, value, given, nullIsMissing)
  }
  return filled
}

function allowsNull({ type }: TSchema): boolean {
  return Array.isArray(type) && type.includes('null')
}
