import { diff, type PathChange } from './changes.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { splitPath } from './paths.ts'
import { type RiskIndex, type RiskNote, riskOf } from './risk.ts'

/** A field of a user's document that differs from the defaults. Absent = the field does not exist there. */
export interface Difference extends RiskNote {
  readonly document: string
  readonly path: string
  readonly current?: unknown
  readonly default?: unknown
}

/** Every field that load-defaults would change. */
export function compareDocument(
  kind: string,
  data: JsonObject,
  defaults: JsonObject,
  risks: RiskIndex,
): Difference[] {
  return differencesOf(kind, diff(data, defaults), risks)
}

/** Changes towards the defaults, each with the risk of the value that it takes away. */
export function differencesOf(kind: string, changes: readonly PathChange[], risks: RiskIndex): Difference[] {
  return changes.map(({ path, from, to }) => ({
    document: kind,
    path,
    ...(from === undefined ? {} : { current: from }),
    ...(to === undefined ? {} : { default: to }),
    ...riskOf(risks, kind, path, from),
  }))
}

/** The document after load-defaults of all of it, or of one section, which equals the defaults then. */
export function applyDefaults(
  data: JsonObject,
  defaults: JsonObject,
  section: string | undefined,
): JsonObject {
  if (section === undefined) return defaults
  return { ...data, [section]: own(defaults, section) ?? {} }
}

/** The document with one field, or one group, as in the defaults; undefined when neither has it. */
export function resetField(data: JsonObject, defaults: JsonObject, path: string): JsonObject | undefined {
  const names = splitPath(path)
  if (valueAt(data, names) === undefined && valueAt(defaults, names) === undefined) return undefined
  return reset(data, defaults, names)
}

function reset(data: JsonObject, defaults: JsonObject, [name, ...rest]: readonly string[]): JsonObject {
  const [current, byDefault] = [own(data, name!), own(defaults, name!)]
  const inner = (value: unknown) => (isJsonObject(value) ? value : {})
  const next = rest.length > 0 ? reset(inner(current), inner(byDefault), rest) : byDefault
  const fields = Object.entries(data).filter(([other]) => other !== name)
  // A group that only the user has goes with its last field, or the comparison would never be empty.
  const gone = next === undefined || (byDefault === undefined && isJsonObject(next) && isEmpty(next))
  return Object.fromEntries(gone ? fields : [...fields, [name, next]])
}

function isEmpty(value: JsonObject): boolean {
  return Object.keys(value).length === 0
}

function valueAt(data: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((value, name) => (isJsonObject(value) ? own(value, name) : undefined), data)
}
