import { documentDefaults } from '../documents/defaults.ts'
import { type Field, fieldsIn, findField, typesOf } from '../documents/find-field.ts'
import { type JsonObject, jsonTypeOf, typeFault } from '../documents/json.ts'
import { joinPath } from '../documents/paths.ts'
import type { Fault } from '../errors.ts'
import type { FieldCondition, Operator } from './ports.ts'
import { parseWhere } from './where.ts'

/**
 * The same as parseWhere, with a fault for each condition on a field that no document has, or with a value that the field never
 * has: such a condition fits nobody, or with != everybody. Values out of bounds stay, because what was stored may be so.
 */
export function checkWhere(
  texts: readonly string[],
  defaults: JsonObject,
): { conditions: FieldCondition[]; faults: Fault[] } {
  const { conditions, faults } = parseWhere(texts)
  for (const condition of conditions) {
    const message = faultOf(condition, defaults)
    if (message !== undefined) faults.push({ path: 'where', message })
  }
  return { conditions, faults }
}

function faultOf({ kind, path, operator, value }: FieldCondition, defaults: JsonObject): string | undefined {
  const field = findField(kind, path, [documentDefaults(defaults, kind)])
  if (typeof field === 'string') return `${kind}: ${field}`
  const name = path.reduce(joinPath, '')
  const message = valueFault(field, name, operator, value)
  return message === undefined ? undefined : `${kind}:${name} ${message}`
}

function valueFault(
  field: Field,
  name: string,
  operator: Operator,
  value: FieldCondition['value'],
): string | undefined {
  const types = typesOf(field)
  const isEqual = operator === '=' || operator === '!='
  if (types === undefined) return undefined
  if (types.some(type => hasType(type, value, isEqual))) {
    const words: readonly unknown[] | undefined = field.schema?.enum
    if (!isEqual || words === undefined || words.includes(value)) return undefined
    return `must be one of ${words.map(word => JSON.stringify(word)).join(', ')}`
  }
  if (types.includes('object')) {
    const [first] = fieldsIn(field)
    return `is a section: name a field in it${first === undefined ? '' : `, such as ${joinPath(name, first)}`}`
  }
  if (types.includes('array')) return `is a list: name an item of it, such as ${name}.0`
  // A bare 5 is a number, and a bare true no text.
  const quoted = types.includes('string') ? `: write it in quotes, ${JSON.stringify(String(value))}` : ''
  return `${typeFault(types.join(' or '), value)}${quoted}`
}

/** Between two integers may be a number that is none. */
function hasType(type: string, value: FieldCondition['value'], isEqual: boolean): boolean {
  if (type !== 'integer') return type === jsonTypeOf(value)
  return typeof value === 'number' && (!isEqual || Number.isInteger(value))
}
