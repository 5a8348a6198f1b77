import { type Survey, survey } from './survey.ts'

/** How much a text may hold, beside its bytes (BODY_LIMIT_BYTES). */
export interface JsonLimits {
  readonly names: number
  readonly values: number
  readonly escapedNames: number
  readonly escapes: number
}

/**
 * Work grows with names and values, not only with bytes: 200,000 names in 2.4 MB blocked the event loop for 1.5 s. Within these
 * no step of a request takes more than about 100 ms of the event loop. The settings of a user have about 400 names,
 * and a layout of 2 MB about 42,000.
 */
export const JSON_LIMITS: JsonLimits = {
  names: 50_000,
  values: 100_000,
  // These take the careful parser, which is five times as slow, and slower with each escape.
  escapedNames: 10_000,
  escapes: 250_000,
}

/** No shorter text has so many names or values: `1,` is the shortest value. */
const MIN_LARGE_TEXT = 2 * JSON_LIMITS.values

/** A sentence that says what a text has too much of; undefined when it is within the limits. */
export function limitFaultOf(seen: Survey, limits: JsonLimits): string | undefined {
  if (seen.names > limits.names) return `must not have more than ${limits.names} names`
  if (seen.values > limits.values) return `must not have more than ${limits.values} values`
  if (seen.escapedNames > limits.escapedNames)
    return `must not have more than ${limits.escapedNames} names with escapes`
  if (seen.escapedNames > 0 && seen.escapes > limits.escapes)
    return `must not have more than ${limits.escapes} escapes beside names with escapes`
  return undefined
}

/** The same for a document that merges have made, as JSON.stringify writes it. */
export function documentLimitFaultOf(json: string): string | undefined {
  return json.length < MIN_LARGE_TEXT ? undefined : limitFaultOf(survey(json), JSON_LIMITS)
}
