import { inOurPath, inOurValue } from '../documents/aliases.ts'
import { findKind, KINDS } from '../documents/catalogue.ts'
import { splitPath } from '../documents/paths.ts'
import { literal } from '../documents/risk.ts'
import { unknownName } from '../documents/unknown-fields.ts'
import type { Fault } from '../errors.ts'
import type { FieldCondition, Operator } from './ports.ts'

/** A query of more conditions is a mistake; each costs the database a look at a document of every user. */
const MAX_CONDITIONS = 10
const CONDITION = /^([a-z_.]+):([^<>=!]+?)\s*(>=|<=|!=|>|<|=)\s*(.+)$/s
const EXAMPLE = 'mode.scalp:size.leverage>10'

/**
 * Reads conditions: `<document>:<path><operator><value>`, with the operators of the risk index and >=, <=, !=. Whether there are such
 * fields is not looked at (checkWhere).
 */
export function parseWhere(texts: readonly string[]): { conditions: FieldCondition[]; faults: Fault[] } {
  const faults: Fault[] = []
  if (texts.length > MAX_CONDITIONS) {
    return {
      conditions: [],
      faults: [{ path: 'where', message: `must be given ${MAX_CONDITIONS} times at most` }],
    }
  }
  const conditions = texts.flatMap(text => {
    const condition = parseCondition(text)
    if (typeof condition !== 'string') return [condition]
    faults.push({ path: 'where', message: condition })
    return []
  })
  return { conditions, faults }
}

/** The condition, or what is wrong with it. */
function parseCondition(text: string): FieldCondition | string {
  const [, document, path, operator, operand] = CONDITION.exec(text) ?? []
  if (document === undefined) return `must be such as ${EXAMPLE}, not ${JSON.stringify(text.slice(0, 100))}`
  const kind = findKind(document)
  if (kind === undefined) return unknownName('document', document, KINDS)
  const value = literal(operand!)
  if (typeof value === 'object' && value !== null)
    return `must compare with a number, a text, true, false or null`
  if (![path, value].every(isStorable)) return 'must not contain NUL or half of a surrogate pair'
  const names = inOurPath(kind, splitPath(path!))
  return {
    kind,
    path: names,
    operator: operator as Operator,
    value: inOurValue(kind, names, value as FieldCondition['value']),
  }
}

/** False for a text that PostgreSQL does not have. */
function isStorable(value: unknown): boolean {
  return typeof value !== 'string' || (!value.includes('\0') && value.isWellFormed())
}
