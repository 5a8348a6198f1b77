import { randomUUID } from 'node:crypto'

/**
 * JSON as it was sent. JSON.parse alone would round integers beyond 2^53 - 1 (exchanges have such order ids), and V8
 * 12.8 to 14.6 (Node 23 to 26) may decode a name with an escape to another name (nodejs/node #63785). A library would
 * be installed with every caller; and those at hand refuse a name that stands twice and set prototypes.
 */

/** Texts without either are read by JSON.parse alone: a backslash, or 16 digits in a row. */
const NEEDS_CARE = /\\|\d{16}/
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}]|[-\d][^\s,\]}]*|true|false|null/g
const INTEGER = /^-?\d+$/

/** As JSON.parse, but integers beyond 2^53 - 1 are bigint. SyntaxError when it is not JSON. */
export function parseJson(text: string): unknown {
  // It checks the syntax in any case: what follows can rely on it.
  const value: unknown = JSON.parse(text)
  return NEEDS_CARE.test(text) ? rebuild(text) : value
}

/** Builds the value of a valid JSON text token by token; without recursion, so that depth has no limit. */
function rebuild(text: string): unknown {
  const root: unknown[] = []
  const open: (unknown[] | Record<string, unknown>)[] = [root]
  const names: (string | undefined)[] = [undefined]
  for (const [token] of text.matchAll(TOKENS)) {
    const container = open.at(-1)!
    if (token === '}' || token === ']') {
      open.pop()
      names.pop()
    } else if (!Array.isArray(container) && names.at(-1) === undefined) {
      names[names.length - 1] = JSON.parse(token) as string
    } else {
      const value = parseToken(token)
      if (Array.isArray(container)) container.push(value)
      else define(container, names.at(-1)!, value)
      names[names.length - 1] = undefined
      if (token === '{' || token === '[') {
        open.push(value as unknown[])
        names.push(undefined)
      }
    }
  }
  return root[0]
}

function parseToken(token: string): unknown {
  if (token === '{') return {}
  if (token === '[') return []
  if (INTEGER.test(token) && !Number.isSafeInteger(Number(token))) return BigInt(token)
  return JSON.parse(token)
}

/** An own property even for `__proto__`, as JSON.parse does. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

/** As JSON.stringify, but a bigint is an integer. TypeError when the value is not JSON: undefined, a cycle. */
export function stringifyJson(value: unknown): string {
  // JSON.rawJSON is not in Node 20. No text of the caller can hold a mark that is drawn for this one call.
  let mark = ''
  const text = JSON.stringify(value, function (this: Record<string, unknown>, name: string, given: unknown) {
    // Not `given`: an application may have given BigInt a toJSON.
    const original = this[name]
    if (typeof original !== 'bigint') return given
    mark ||= randomUUID()
    return `${mark}${original}`
  })
  if (text === undefined) throw new TypeError(`${typeof value} is not JSON`)
  return mark === '' ? text : text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')
}
