import { namedTwice } from '../documents/aliases.ts'
import { findKind, KINDS } from '../documents/catalogue.ts'
import { noteFaults } from '../documents/file-format.ts'
import { guardJson } from '../documents/guard.ts'
import { JSON_LIMITS } from '../documents/json/limits.ts'
import { JsonError, readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject } from '../documents/json.ts'
import { joinPath } from '../documents/paths.ts'
import { unknownField, unknownName } from '../documents/unknown-fields.ts'
import { isUserId } from '../documents/user-id.ts'
import type { Fault } from '../errors.ts'

/** One line of an import, after all checks that need no stored document. */
export interface ImportedUser {
  readonly userId: string
  /** By kind. */
  readonly documents: ReadonlyMap<string, JsonObject>
  /** The last number that was handed out, by day (YYYYMMDD). */
  readonly sequence: ReadonlyMap<string, number>
}

const FIELDS = ['user_id', 'documents', 'sequence']
/** Order ids have five digits for the number; a counter beyond this is a mistake, and would burn as many numbers. */
const MAX_NUMBER = 1_000_000
/** An export has the days of its last three, of every time zone; each day costs a round trip, and numbers that are burned. */
const MAX_DAYS = 16

/** Reads a line: the user, or all its faults, with paths of the line. `userId` is null when the line does not tell it. */
export function parseLine(
  bytes: Buffer,
): { user: ImportedUser } | { faults: Fault[]; userId: string | null } {
  let value: unknown
  try {
    value = readJson(bytes, JSON_LIMITS)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    return { faults: [...(error.faults ?? [{ path: '', message: error.message }])], userId: null }
  }
  if (!isJsonObject(value)) return { faults: [{ path: '', message: 'must be object' }], userId: null }
  const faults = guardJson(value)
  if (faults.length > 0) return { faults, userId: null }
  for (const name of Object.keys(value)) {
    if (!FIELDS.includes(name)) faults.push({ path: joinPath('', name), message: unknownField(name, FIELDS) })
  }
  const { user_id: userId } = value
  if (typeof userId !== 'string' || !isUserId(userId)) {
    faults.push({ path: 'user_id', message: 'must be 1 to 64 letters, digits and _ . @ -' })
  }
  const documents = documentsOf(value.documents ?? {}, faults)
  const sequence = sequenceOf(value.sequence ?? {}, faults)
  if (faults.length > 0) return { faults, userId: typeof userId === 'string' ? userId : null }
  return { user: { userId: userId as string, documents, sequence } }
}

function documentsOf(value: unknown, faults: Fault[]): ReadonlyMap<string, JsonObject> {
  const documents = new Map<string, JsonObject>()
  if (!isJsonObject(value)) {
    faults.push({ path: 'documents', message: 'must be object' })
    return documents
  }
  for (const [name, data] of Object.entries(value)) {
    const path = joinPath('documents', name)
    const kind = findKind(name)
    if (kind === undefined) {
      faults.push({ path, message: unknownName('document', name, KINDS) })
    } else if (!isJsonObject(data)) faults.push({ path, message: 'must be object' })
    else if (documents.has(kind)) faults.push({ path, message: `must be there once: ${name} is ${kind}` })
    else {
      faults.push(
        ...[...namedTwice(kind, data), ...noteFaults(data)].map(fault => ({
          ...fault,
          path: `${path}.${fault.path}`,
        })),
      )
      documents.set(kind, data)
    }
  }
  return documents
}

function sequenceOf(value: unknown, faults: Fault[]): ReadonlyMap<string, number> {
  const days = new Map<string, number>()
  if (!isJsonObject(value)) {
    faults.push({ path: 'sequence', message: 'must be object' })
    return days
  }
  if (Object.keys(value).length > MAX_DAYS) {
    faults.push({ path: 'sequence', message: `must have ${MAX_DAYS} days at most` })
    return days
  }
  for (const [day, number] of Object.entries(value)) {
    const path = joinPath('sequence', day)
    if (!isDay(day)) faults.push({ path, message: 'must be a day such as 20260106' })
    else if (!Number.isInteger(number) || Number(number) < 0 || Number(number) > MAX_NUMBER) {
      faults.push({ path, message: `must be an integer from 0 to ${MAX_NUMBER}` })
    } else days.set(day, Number(number))
  }
  return days
}

/** True for YYYYMMDD of a day that exists. */
function isDay(text: string): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10).replaceAll('-', '') === text
}
