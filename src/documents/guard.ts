import type { Fault } from '../errors.ts'
import { isJsonObject } from './json.ts'
import { joinPath } from './paths.ts'

/** Deeper documents are nobody's settings, and recursion must stay safe everywhere else. */
const MAX_DEPTH = 64
const MAX_FAULTS = 100
/** jsonb writes 1e300 out in 301 digits: a body of such numbers would grow fiftyfold in the database. */
const MAX_LONG_NUMBERS = 1_000
/** Names that reach the prototype in careless code of any caller. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * What JSON.parse accepts and PostgreSQL's jsonb or other readers of JSON do not: numbers beyond a double, NUL,
 * halves of surrogate pairs, deep nesting. Works without recursion, whatever the value is.
 */
export function guardJson(value: unknown): Fault[] {
  const faults: Fault[] = []
  const pending = [{ value, path: '', depth: 0 }]
  let longNumbers = 0
  for (let next = pending.pop(); next !== undefined && faults.length < MAX_FAULTS; next = pending.pop()) {
    const { value: item, path, depth } = next
    const message = faultOf(item)
    if (message !== undefined) faults.push({ path, message })
    if (typeof item === 'number' && isLong(item) && ++longNumbers === MAX_LONG_NUMBERS) {
      faults.push({
        path,
        message: `must not be one of more than ${MAX_LONG_NUMBERS} numbers with exponents`,
      })
    }
    if (typeof item !== 'object' || item === null) continue
    if (depth >= MAX_DEPTH) {
      faults.push({ path, message: `must not be nested deeper than ${MAX_DEPTH} levels` })
      continue
    }
    for (const [name, child] of Object.entries(item)) {
      const below = joinPath(path, name)
      const nameFault = isJsonObject(item) ? nameFaultOf(name) : undefined
      if (nameFault !== undefined) faults.push({ path: below.replaceAll('\0', '\\0'), message: nameFault })
      pending.push({ value: child, path: below, depth: depth + 1 })
    }
  }
  return faults
}

function faultOf(value: unknown): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'must be a number that fits a double'
  return typeof value === 'string' ? textFaultOf(value) : undefined
}

/** Whether JavaScript writes it with an exponent. */
function isLong(value: number): boolean {
  const size = Math.abs(value)
  return size !== 0 && (size >= 1e21 || size < 1e-6)
}

function nameFaultOf(name: string): string | undefined {
  return FORBIDDEN_NAMES.has(name) ? 'must not have this name' : textFaultOf(name)
}

function textFaultOf(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain the character NUL'
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode'
}
