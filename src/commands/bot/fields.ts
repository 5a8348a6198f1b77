import type { TSchema } from '@sinclair/typebox'
import { inOurNames } from '../../documents/aliases.ts'
import { documentOf } from '../../documents/catalogue.ts'
import { complete } from '../../documents/complete.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../documents/defaults.ts'
import { isNote } from '../../documents/file-format.ts'
import { isJsonObject, type JsonObject, own } from '../../documents/json.ts'
import { splitPath } from '../../documents/paths.ts'
import { validateDocument } from '../../documents/validate.ts'
import type { Note } from '../transfer/report.ts'

/** What every row of the bot has besides its settings. */
export const BOOKKEEPING: ReadonlySet<string> = new Set(['id', 'user_id', 'created_at', 'updated_at'])
/** Rows of a mode name it. */
const MODE_NAMES: ReadonlySet<string> = new Set(['mode', 'mode_name'])

/**
 * The part of a row that a document knows, in our names. Null counts as absent. What is dropped or renamed is noted under
 * `source`, such as `user_llm_config`.
 */
export function knownFields(kind: string, row: JsonObject, source: string, notes: Note[]): JsonObject {
  const { schema, fieldAliases } = documentOf(kind)
  for (const [name, value] of Object.entries(row)) {
    const ours = fieldAliases[name]
    if (ours !== undefined && value !== null)
      notes.push({ what: 'renamed', field: `${source}.${name}`, detail: `to ${ours}` })
  }
  return pick(schema, inOurNames(kind, row), source, notes)
}

function pick(schema: TSchema, data: JsonObject, source: string, notes: Note[]): JsonObject {
  const fields: Record<string, TSchema> | undefined = schema.properties
  if (fields === undefined) return data
  const kept: [string, unknown][] = []
  for (const [name, value] of Object.entries(data)) {
    if (value === null || BOOKKEEPING.has(name) || MODE_NAMES.has(name) || isNote(name)) continue
    const field = own(fields, name) as TSchema | undefined
    if (field === undefined)
      notes.push({ what: 'dropped', field: `${source}.${name}`, detail: 'has no place here' })
    else kept.push([name, isJsonObject(value) ? pick(field, value, `${source}.${name}`, notes) : value])
  }
  return Object.fromEntries(kept)
}

/**
 * The fields of a document that break its bounds. With `drop` they are left out, so that the defaults hold for them;
 * else they stay, and the gateway refuses the user.
 */
export function withinBounds(
  kind: string,
  data: JsonObject,
  source: string,
  drop: boolean,
  notes: Note[],
): JsonObject {
  const whole = complete(kind, data, documentDefaults(BUILT_IN_DEFAULTS, kind))
  const faults = validateDocument(kind, whole, [])
  let kept = data
  for (const { path, message } of faults) {
    const field = path === '' ? source : `${source}.${path}`
    notes.push({ what: 'out of bounds', field, detail: drop ? `${message}: left to the defaults` : message })
    if (drop && path !== '') kept = without(kept, splitPath(path))
  }
  return kept
}

function without(data: JsonObject, [name, ...rest]: readonly string[]): JsonObject {
  const inner = own(data, name!)
  if (rest.length > 0 && isJsonObject(inner)) return { ...data, [name!]: without(inner, rest) }
  return Object.fromEntries(Object.entries(data).filter(([other]) => other !== name))
}
