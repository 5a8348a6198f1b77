import type { Fault } from '../../errors.ts'
import { parseCarefully, syntaxFaultOf } from './careful.ts'
import { type JsonLimits, limitFaultOf } from './limits.ts'
import { survey } from './survey.ts'
import { encodingFaultOf } from './utf8.ts'

/** Documents have 64 levels at most (guard.ts); the walks behind this reader recurse, and must never overflow the stack. */
const MAX_DEPTH = 500

/**
 * A text that is not JSON (`faults` is undefined), or JSON that cannot be read as it is: `faults` has the paths.
 * The message has no subject: "is not JSON: ...".
 */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly faults: readonly Fault[] | undefined

  constructor(message: string, faults?: readonly Fault[]) {
    super(message)
    this.faults = faults
  }
}

/**
 * THE reader of JSON from outside: bodies, files, rows, history, values in Redis. Names arrive as they were sent, a name
 * given twice is a JsonError with its path, numbers that JavaScript would change are ExactNumbers, bytes are UTF-8.
 * Native parsing wherever it is right (careful.ts says where it is not).
 */
export function readJson(json: string | Buffer, limits?: JsonLimits): unknown {
  const text = typeof json === 'string' ? json : textOf(json)
  const seen = survey(json)
  if (seen.depth > MAX_DEPTH) throw unreadable('must not be nested deeper than 64 levels')
  const beyond = limits === undefined ? undefined : limitFaultOf(seen, limits)
  if (beyond !== undefined) throw unreadable(beyond)
  const value = parse(text)
  if (seen.escapedNames === 0 && !seen.exactNumbers && countNames(value) === seen.names) return value
  const careful = parseCarefully(text)
  if (careful.faults.length > 0) throw new JsonError('has names given twice', careful.faults)
  return careful.value
}

/** A JsonError unless the text or the bytes are JSON of any kind: names twice and large numbers are left alone. */
export function requireJson(json: Buffer): void {
  parse(textOf(json))
}

function textOf(bytes: Buffer): string {
  const fault = encodingFaultOf(bytes)
  if (fault !== undefined) throw new JsonError(fault)
  return bytes.toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw syntaxError(text, error as SyntaxError)
  }
}

function syntaxError(text: string, native: SyntaxError): JsonError {
  if (text === '') return new JsonError('is empty')
  if (text.startsWith('\ufeff')) return new JsonError('is not JSON: it begins with a byte order mark')
  if (native.message.includes(' at position ')) return new JsonError(`is not JSON: ${native.message}`)
  const fault = survey(text).depth > MAX_DEPTH ? undefined : syntaxFaultOf(text)
  if (fault === undefined) return new JsonError(`is not JSON: ${native.message}`)
  const before = text.slice(0, fault.offset)
  const line = before.split('\n').length
  const column = fault.offset - before.lastIndexOf('\n')
  return new JsonError(
    `is not JSON: ${fault.message} at position ${fault.offset} (line ${line}, column ${column})`,
  )
}

function unreadable(message: string): JsonError {
  return new JsonError(message, [{ path: '', message }])
}

/** The number of names in all objects: smaller than in the text when a name is given twice there. */
function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countNames(item)
    return count
  }
  const object = value as Record<string, unknown>
  for (const name of Object.keys(object)) {
    count++
    const item = object[name]
    if (typeof item === 'object') count += countNames(item)
  }
  return count
}
