/** Settings as texts that an operator types, and back, by the schema of the field. */

/** @param {any} schema @returns {'flag' | 'choice' | 'number' | 'list' | 'json' | 'text'} */
export function inputOf(schema) {
  const types = [schema.type].flat()
  if (types.length === 1 && types[0] === 'boolean') return 'flag'
  if (schema.enum !== undefined) return 'choice'
  if (types.length === 1 && ['number', 'integer'].includes(types[0])) return 'number'
  if (types[0] === 'array' && ['number', 'string'].includes(schema.items?.type)) return 'list'
  if (types.includes('array') || types.includes('object')) return 'json'
  return 'text'
}

/** @param {any} schema @param {unknown} value */
export function textOf(schema, value) {
  if (value === undefined || value === null) return ''
  const input = inputOf(schema)
  if (input === 'list') return /** @type {unknown[]} */ (value).join(', ')
  return input === 'json' ? JSON.stringify(value, null, 2) : String(value)
}

/**
 * @param {any} schema
 * @param {string} text
 * @param {unknown} before the stored value: a field of several types keeps its own
 * @returns {{ value?: unknown, fault?: string }}
 */
export function readText(schema, text, before) {
  const input = inputOf(schema)
  if (input === 'number') return readNumber(schema, text.trim())
  if (input === 'list') return readList(schema, text)
  if (input === 'json') return readJson(text)
  if (input === 'text' && typeof before === 'number') return readNumber({ type: 'number' }, text.trim())
  if (input === 'text' && typeof before === 'boolean') return { value: text.trim() === 'true' }
  return { value: text }
}

function readNumber({ type, minimum = -Infinity, maximum = Infinity }, text) {
  const value = Number(text.replace(',', '.'))
  if (text === '' || !Number.isFinite(value)) return { fault: 'must be a number' }
  if (type === 'integer' && !Number.isInteger(value)) return { fault: 'must be a whole number' }
  if (value < minimum) return { fault: `must be at least ${minimum}` }
  if (value > maximum) return { fault: `must be at most ${maximum}` }
  return { value }
}

function readList(schema, text) {
  const parts = text.split(',').map(part => part.trim())
  if (text.trim() === '') return { value: [schema.type].flat().includes('null') ? null : [] }
  if (schema.items.type === 'string') return { value: parts }
  const numbers = parts.map(part => readNumber(schema.items, part))
  const fault = numbers.find(each => each.fault !== undefined)?.fault
  return fault === undefined ? { value: numbers.map(each => each.value) } : { fault: `each number ${fault}` }
}

function readJson(text) {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { fault: 'must be JSON' }
  }
}
