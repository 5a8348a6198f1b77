import type { Fault } from '../errors.ts'
import { documentOf } from './catalogue.ts'
import { catalogueNames } from './file-format.ts'
import { readJson } from './json/read.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { splitPath } from './paths.ts'

export type Risk = 'high' | 'medium' | 'low'

/** How risky a value is, and what an operator is told about the field. */
export interface RiskNote {
  readonly risk: Risk
  readonly impact?: string
  readonly recommendation?: string
}

interface RiskRule {
  readonly risk: Risk
  /** Parts of a path of the file; `*` stands for any one part. */
  readonly parts: readonly string[]
  readonly condition: { readonly operator: string; readonly value: unknown } | undefined
}

export interface RiskIndex {
  /** Most severe first. */
  readonly rules: readonly RiskRule[]
  /** By path of the file. */
  readonly notes: ReadonlyMap<string, Omit<RiskNote, 'risk'>>
}

const LISTS: readonly (readonly [name: string, risk: Risk])[] = [
  ['high_risk_settings', 'high'],
  ['medium_risk_settings', 'medium'],
  ['low_risk_settings', 'low'],
]
const RISK_INDEX = '_settings_risk_index'
const RISK_NOTES = '_risk_info'

/**
 * Parses `_settings_risk_index` and all `_risk_info` of a defaults file. Entries of the index are paths of the
 * file with `*` for one part and an optional `>`, `<` or `=` condition on the user's value.
 */
export function compileRiskIndex(defaults: JsonObject): { index: RiskIndex; faults: Fault[] } {
  const faults: Fault[] = []
  const rules = LISTS.flatMap(([list, risk]) => compileList(defaults, list, risk, faults))
  const notes = new Map<string, Omit<RiskNote, 'risk'>>()
  collectNotes(defaults, [], notes)
  return { index: { rules, notes }, faults }
}

/** The first rule that fits decides; a field that no rule names has a low risk. */
export function riskOf(index: RiskIndex, kind: string, path: string, value: unknown): RiskNote {
  return riskAt(index, filePathOf(kind, path), value)
}

/** The same for a path of the defaults file, in any of its spellings. */
export function riskInFile(index: RiskIndex, path: string, value: unknown): RiskNote {
  return riskAt(index, catalogueNames(splitPath(path)), value)
}

function riskAt({ rules, notes }: RiskIndex, parts: readonly string[], value: unknown): RiskNote {
  const rule = rules.find(candidate => matches(candidate, parts, value))
  return { risk: rule?.risk ?? 'low', ...notes.get(parts.join('.')) }
}

function compileList(defaults: JsonObject, list: string, risk: Risk, faults: Fault[]): RiskRule[] {
  const path = `${RISK_INDEX}.${list}`
  const index = own(defaults, RISK_INDEX)
  if (index !== undefined && !isJsonObject(index)) {
    if (risk === 'high') faults.push({ path: RISK_INDEX, message: 'must be object' })
    return []
  }
  const entries = index === undefined ? undefined : own(index, list)
  if (entries === undefined || entries === null) return []
  if (!Array.isArray(entries)) {
    faults.push({ path, message: 'must be array' })
    return []
  }
  return entries.flatMap((entry, position) => {
    const rule = typeof entry === 'string' ? compileRule(entry, risk) : undefined
    if (rule === undefined) {
      faults.push({
        path: `${path}.${position}`,
        message: 'must be a path such as mode_configs.*.size.leverage, with >, < or = and a value or without',
      })
    }
    return rule ?? []
  })
}

function compileRule(text: string, risk: Risk): RiskRule | undefined {
  const at = text.search(/[<>=]/)
  const path = (at < 0 ? text : text.slice(0, at)).trim()
  const operator = at < 0 ? undefined : text[at]
  const operand = at < 0 ? undefined : text.slice(at + 1).trim()
  if (operand === '' || /^[<>=]/.test(operand ?? '')) return undefined
  const parts = catalogueNames(path.split('.'))
  if (parts.some(part => !/^(\*|[\w-]+)$/.test(part))) return undefined
  if (operator === undefined || operand === undefined) return { risk, parts, condition: undefined }
  const value = literal(operand)
  if (operator !== '=' && typeof value !== 'number') return undefined
  return { risk, parts, condition: { operator, value } }
}

/** A JSON literal, or a text without quotes: the value of a condition. */
export function literal(text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return text
  }
}

function matches({ parts, condition }: RiskRule, path: readonly string[], value: unknown): boolean {
  if (parts.length !== path.length) return false
  if (!parts.every((part, index) => part === '*' || part === path[index])) return false
  if (condition === undefined) return true
  if (condition.operator === '=') return value === condition.value
  if (typeof value !== 'number' || typeof condition.value !== 'number') return false
  return condition.operator === '>' ? value > condition.value : value < condition.value
}

/** Where the defaults file has a field of a document. */
function filePathOf(kind: string, path: string): string[] {
  const [first, ...rest] = splitPath(path)
  const { places } = documentOf(kind)
  const place = places.find(({ field }) => field === undefined || field === first)
  if (place === undefined) return splitPath(path)
  return place.field === undefined ? [...place.path, first!, ...rest] : [...place.path, ...rest]
}

function collectNotes(
  value: JsonObject,
  parts: readonly string[],
  notes: Map<string, Omit<RiskNote, 'risk'>>,
): void {
  for (const [name, child] of Object.entries(value)) {
    if (!isJsonObject(child)) continue
    if (name !== RISK_NOTES) collectNotes(child, [...parts, name], notes)
    else
      for (const [field, note] of Object.entries(child)) {
        notes.set([...catalogueNames(parts), field].join('.'), texts(note))
      }
  }
}

function texts(note: unknown): Omit<RiskNote, 'risk'> {
  if (!isJsonObject(note)) return {}
  const { impact, recommendation } = note
  return {
    ...(typeof impact === 'string' ? { impact } : {}),
    ...(typeof recommendation === 'string' ? { recommendation } : {}),
  }
}
