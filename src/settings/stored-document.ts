import type { Row } from '../consistency/document-rows.ts'
import { documentOf } from '../documents/catalogue.ts'
import { JsonError, readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject, jsonTypeOf } from '../documents/json.ts'
import { DomainError } from '../errors.ts'
import { DEFAULTS_REF } from './document-refs.ts'

/** Rows that an operator changed by hand may hold anything that jsonb can hold. */

/** The data of a live row; undefined when it, or a section of it, is no object. */
export function objectIn(row: Row): JsonObject | undefined {
  const data = parsedData(row)
  return isJsonObject(data) && brokenSection(row, data) === undefined ? data : undefined
}

/** The data of a live row. STORED_DOCUMENT_INVALID where objectIn finds none. */
export function storedData(row: Row): JsonObject {
  const object = objectIn(row)
  if (object !== undefined) return object
  const { kind } = row.ref
  const data = parsedData(row)
  const section = isJsonObject(data) ? brokenSection(row, data) : undefined
  const found = isJsonObject(data) ? data[section!] : data
  const what = found === undefined ? 'is nested too deeply' : `is ${jsonTypeOf(found)} instead of object`
  const repair = kind === DEFAULTS_REF.kind ? 'PUT or sync-defaults' : 'PUT, rollback or load-defaults'
  throw new DomainError(
    'STORED_DOCUMENT_INVALID',
    `${section === undefined ? kind : `${kind}.${section}`} ${what} in the database (version ${row.version}): ${repair} repairs it`,
    { details: { document: kind, version: row.version } },
  )
}

/** The same for a write that repairs it, without sections that are no objects: the defaults take their place. */
export function repairableData(row: Row): JsonObject {
  const data = parsedData(row)
  if (!isJsonObject(data)) return {}
  const sections = sectionsOf(row)
  const isBroken = (name: string) => sections.includes(name) && !isJsonObject(data[name])
  if (!Object.keys(data).some(isBroken)) return data
  return Object.fromEntries(Object.entries(data).filter(([name]) => !isBroken(name)))
}

/** True when an error says that a cached value is not what the gateway writes; its row may still be readable. */
export function isUnreadable(error: unknown): boolean {
  return (
    error instanceof JsonError || (error instanceof DomainError && error.code === 'STORED_DOCUMENT_INVALID')
  )
}

/** Undefined when it is nested too deeply. */
function parsedData(row: Row): unknown {
  try {
    return readJson(row.data ?? '{}')
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

function brokenSection(row: Row, data: JsonObject): string | undefined {
  return sectionsOf(row).find(name => Object.hasOwn(data, name) && !isJsonObject(data[name]))
}

function sectionsOf({ ref }: Row): string[] {
  if (ref.kind === DEFAULTS_REF.kind) return []
  return documentOf(ref.kind).keySuffixes.flatMap(({ section }) => section ?? [])
}
