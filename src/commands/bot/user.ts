import { documentOf, normalizeMode } from '../../documents/catalogue.ts'
import { isNote } from '../../documents/file-format.ts'
import { isJsonObject, type JsonObject, own } from '../../documents/json.ts'
import type { Note } from '../transfer/report.ts'
import { BOOKKEEPING, knownFields, withinBounds } from './fields.ts'
import type { BotTable, BotUser } from './tables.ts'

/** A user of the bot as a line of an import, and notes about its fields. */
export interface ConvertedUser {
  readonly documents: Readonly<Record<string, JsonObject>>
  readonly notes: readonly Note[]
}

export interface ConvertOptions {
  /** Fields out of bounds get their defaults, and the user is not refused. */
  readonly dropOutOfBounds: boolean
}

/** Tables of one row, and the document that it becomes. */
const SINGLE: readonly (readonly [table: BotTable, kind: string])[] = [
  ['user_global_circuit_breaker', 'circuit_breaker'],
  ['user_capital_allocation', 'capital_allocation'],
  ['user_llm_config', 'llm_config'],
]
const TRADING_COLUMNS = [
  'risk_level',
  'max_usd_allocation',
  'profit_reinvest_percent',
  'profit_reinvest_risk_level',
  'timezone',
  'timezone_offset',
]
/** Columns of `user_trading_configs` that have a place: ours by theirs. */
const TRADING_CONFIG: Readonly<Record<string, readonly [section: string, name: string]>> = {
  dry_run_mode: ['trading', 'dry_run'],
  notification_email: ['notifications', 'email_enabled'],
  notification_telegram: ['notifications', 'telegram_enabled'],
  telegram_chat_id: ['notifications', 'telegram_chat_id'],
}

/** The documents that the rows of one user become. Fields that the bot does not have get their defaults. Pure. */
export function convertUser(user: BotUser, { dropOutOfBounds }: ConvertOptions): ConvertedUser {
  const notes: Note[] = []
  const documents: Record<string, JsonObject> = {}
  const add = (kind: string, data: JsonObject, source: string) => {
    const kept = withinBounds(kind, data, source, dropOutOfBounds, notes)
    if (Object.keys(kept).length > 0) documents[kind] = kept
  }
  for (const [table, kind] of SINGLE) {
    const [row] = rowsOf(user, table)
    if (row !== undefined) add(kind, knownFields(kind, row, table, notes), table)
  }
  for (const row of rowsOf(user, 'user_mode_configs')) addMode(row, add, notes)
  for (const row of rowsOf(user, 'user_safety_settings')) {
    const mode = normalizeMode(String(row.mode))
    const source = `user_safety_settings.${mode ?? row.mode}`
    if (mode === undefined) notes.push({ what: 'dropped', field: source, detail: 'there is no such mode' })
    else add(`safety.${mode}`, knownFields(`safety.${mode}`, row, source, notes), source)
  }
  const settings = settingsOf(user, notes)
  if (Object.keys(settings).length > 0) add('settings', settings, 'user_global_trading')
  return { documents, notes }
}

function rowsOf({ rows }: BotUser, table: BotTable): readonly JsonObject[] {
  return rows.get(table) ?? []
}

function addMode(
  row: JsonObject,
  add: (kind: string, data: JsonObject, source: string) => void,
  notes: Note[],
): void {
  const name = String(row.mode_name)
  const mode = normalizeMode(name)
  const kind = name === 'scalp_reentry' ? name : mode && `mode.${mode}`
  const source = `user_mode_configs.${name}`
  const config = row.config_json
  if (kind === undefined) notes.push({ what: 'dropped', field: source, detail: 'there is no such mode' })
  else if (!isJsonObject(config))
    notes.push({ what: 'unreadable', field: source, detail: 'config_json is no object: the defaults hold' })
  else if (isFlat(kind, config))
    notes.push({
      what: 'unreadable',
      field: source,
      detail: 'a flat old shape without groups: the defaults hold',
    })
  else {
    const data = knownFields(kind, config, source, notes)
    // The column wins over what the JSON says.
    add(kind, typeof row.enabled === 'boolean' ? { ...data, enabled: row.enabled } : data, source)
    return
  }
  if (kind !== undefined && typeof row.enabled === 'boolean') add(kind, { enabled: row.enabled }, source)
}

/** Old bots have the fields of all groups side by side, and the groups cannot be told apart. */
function isFlat(kind: string, config: JsonObject): boolean {
  if (!kind.startsWith('mode.')) return false
  const { schema } = documentOf(kind)
  const names = Object.keys(config).filter(
    name => !isNote(name) && name !== 'enabled' && name !== 'mode_name',
  )
  return names.length > 0 && !names.some(name => Object.hasOwn(schema.properties, name))
}

function settingsOf(user: BotUser, notes: Note[]): JsonObject {
  const { timezone } = user
  const [global = {}] = rowsOf(user, 'user_global_trading')
  const [config = {}] = rowsOf(user, 'user_trading_configs')
  const sections: Record<string, Record<string, unknown>> = {
    trading: {},
    notifications: {},
    preferences: {},
  }
  for (const [name, value] of Object.entries(global)) {
    if (value === null || BOOKKEEPING.has(name)) continue
    if (TRADING_COLUMNS.includes(name)) sections.trading![name] = value
    else notes.push({ what: 'dropped', field: `user_global_trading.${name}`, detail: 'has no place here' })
  }
  if (sections.trading!.timezone === undefined && timezone !== undefined)
    sections.trading!.timezone = timezone
  const rest: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(config)) {
    if (value === null || BOOKKEEPING.has(name)) continue
    const place = own(TRADING_CONFIG, name) as (typeof TRADING_CONFIG)[string] | undefined
    if (place === undefined) rest[name] = value
    else {
      const [section, ours] = place
      sections[section]![ours] = value
      if (ours !== name)
        notes.push({
          what: 'renamed',
          field: `user_trading_configs.${name}`,
          detail: `to ${section}.${ours}`,
        })
    }
  }
  if (Object.keys(rest).length > 0) sections.preferences!.bot = rest
  return Object.fromEntries(Object.entries(sections).filter(([, fields]) => Object.keys(fields).length > 0))
}
