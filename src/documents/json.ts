import { ExactNumber } from './json/exact-number.ts'

/** A JSON object as readJson makes it. */
export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  )
}

/** The names of JSON Schema; integers are numbers here. */
export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

export function jsonTypeOf(value: unknown): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof ExactNumber) return 'number'
  return typeof value as JsonType
}

/** The own property, never one of the prototype. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Sets the own property, whatever its name. */
export function setOwn(object: JsonObject, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Characters of a text that a fault shows. */
const SHOWN_TEXT = 40

/** What a fault says of a value of the wrong type: `must be number, is "5"`. */
export function typeFault(expected: string, value: unknown): string {
  return `must be ${expected}, is ${shownValue(value)}`
}

function shownValue(value: unknown): string {
  if (value instanceof ExactNumber) return value.text.slice(0, SHOWN_TEXT)
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_TEXT).toWellFormed())
  return typeof value === 'object' && value !== null ? jsonTypeOf(value) : String(value)
}
