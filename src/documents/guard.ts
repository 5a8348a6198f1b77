import type { Fault } from '../errors.ts'
import { ExactNumber } from './json/exact-number.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { shownPath } from './paths.ts'

/** Settings have few levels, and recursion must stay safe everywhere else. */
const MAX_DEPTH = 64
const MAX_FAULTS = 100
/** jsonb writes 1e300 out in 301 digits: a body of such numbers would grow fiftyfold in the database. */
const MAX_LONG_NUMBERS = 1_000

/** An object or array on the way, with the way back to the root. */
interface Container {
  readonly value: object
  readonly name: string
  readonly parent: Container | undefined
  /** Levels of nesting, 1 for the root. */
  readonly level: number
}

/**
 * What JSON.parse accepts and PostgreSQL's jsonb or other readers of JSON do not: numbers beyond a double, NUL,
 * halves of surrogate pairs, deep nesting, names that reach a prototype. Works without recursion and
 * stops at the hundredth fault.
 */
export function guardJson(value: unknown): Fault[] {
  const faults: Fault[] = []
  const pending: Container[] = []
  let longNumbers = 0

  function visit(item: unknown, name: string, parent: Container | undefined): void {
    const report = (message: string) => faults.push({ path: pathOf(parent, name), message })
    if (item instanceof ExactNumber) {
      report(exactNumberFaultOf(item))
      return
    }
    if (typeof item === 'object' && item !== null) {
      const level = (parent?.level ?? 0) + 1
      if (level <= MAX_DEPTH) pending.push({ value: item, name, parent, level })
      else report(`must not be nested deeper than ${MAX_DEPTH} levels`)
      return
    }
    if (typeof item === 'string') {
      const message = textFaultOf(item)
      if (message !== undefined) report(message)
    } else if (typeof item === 'number') {
      if (!Number.isFinite(item)) report('must be a number that fits a double')
      else if (isLong(item) && ++longNumbers === MAX_LONG_NUMBERS + 1) {
        report(`must not be one of more than ${MAX_LONG_NUMBERS} numbers with exponents`)
      }
    }
  }

  visit(value, '', undefined)
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const container = next
    const entries = Array.isArray(container.value)
      ? container.value.entries()
      : Object.entries(container.value)
    for (const [key, child] of entries) {
      if (faults.length >= MAX_FAULTS) return faults
      const name = String(key)
      const message = isJsonObject(container.value) ? nameFaultOf(name, container.value) : undefined
      if (message !== undefined) faults.push({ path: pathOf(container, name), message })
      visit(child, name, container)
    }
  }
  return faults
}

/** A caller that reads the number back would get another one. */
function exactNumberFaultOf({ text }: ExactNumber): string {
  const value = Number(text)
  if (!Number.isFinite(value)) return 'must be a number that fits a double, or a string'
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    return `must not be a number beyond ${Number.MAX_SAFE_INTEGER} (2^53 - 1), send it as a string`
  }
  return 'must not have more digits than a double keeps, send it as a string'
}

/** True when JavaScript writes the number with an exponent. */
function isLong(value: number): boolean {
  const size = Math.abs(value)
  return size !== 0 && (size >= 1e21 || size < 1e-6)
}

/** Careless code reaches a prototype through `__proto__` and `constructor.prototype`. */
function nameFaultOf(name: string, holder: JsonObject): string | undefined {
  const inner = name === 'constructor' ? own(holder, name) : undefined
  if (name === '__proto__' || (isJsonObject(inner) && Object.hasOwn(inner, 'prototype'))) {
    return 'must not have this name'
  }
  return textFaultOf(name)
}

function textFaultOf(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain the character NUL'
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode'
}

function pathOf(parent: Container | undefined, name: string): string {
  if (parent === undefined) return ''
  const names = [name]
  for (let at = parent; at.parent !== undefined; at = at.parent) names.unshift(at.name)
  return shownPath(names)
}
