import { diff } from './changes.ts'
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
  return diff(data, defaults).map(({ path, from, to }) => ({
    document: kind,
    path,
    ...(from === undefined ? {} : { current: from }),
    ...(to === undefined ? {} : { default: to }),
    ...riskOf(risks, kind, path, from),
  }))
}

/** The document after load-defaults, of all of it or of one section: nothing differs from the defaults then. */
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
  const [current, byDefault] = [valueAt(data, names), valueAt(defaults, names)]
  if (current === undefined && byDefault === undefined) return undefined
  return withValue(data, names, byDefault)
}

function valueAt(data: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((value, name) => (isJsonObject(value) ? own(value, name) : undefined), data)
}

/** Undefined removes the field. */
function withValue(data: JsonObject, [name, ...rest]: readonly string[], value: unknown): JsonObject {
  if (name === undefined) return data
  const { [name]: before, ...others } = data
  if (rest.length > 0) return { ...data, [name]: withValue(isJsonObject(before) ? before : {}, rest, value) }
  return value === undefined ? others : { ...data, [name]: value }
}
