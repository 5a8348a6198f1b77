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

/** `data` itself when nothing is missing. */
function fill(schema: TSchema, data: JsonObject, source: JsonObject, nullIsMissing: boolean): JsonObject {
  if (data === source) return data
  const fields: Record<string, TSchema> = schema.properties ?? {}
  let filled = data
  for (const name of Object.keys(fields)) {
    const value = own(data, name)
    const missing = value === undefined || (nullIsMissing && value === null && !allowsNull(fields[name]!))
    // Nearly every field: what is there and has no fields of its own is complete.
    if (!missing && !isJsonObject(value)) continue
    const given = own(source, name)
    const whole =
      missing && given !== undefined
        ? given
        : isJsonObject(value) && isJsonObject(given)
          ? fill(fields[name]!, value, given, nullIsMissing)
          : value
    if (whole === value) continue
    if (filled === data) filled = { ...data }
    filled[name] = whole
  }
  return filled
}

function allowsNull({ type }: TSchema): boolean {
  return Array.isArray(type) && type.includes('null')
}
