import { canonicalJson } from './canonical.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { joinPath } from './paths.ts'

/** One field that differs. Absent = the field does not exist on that side. */
export interface Change {
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

/** The fields that differ, leaf by leaf, in the order of their names; an array is one leaf. */
export function diff(before: JsonObject, after: JsonObject): Change[] {
  const changes: Change[] = []
  collect(before, after, '', changes)
  return changes
}

function collect(before: JsonObject, after: JsonObject, parent: string, changes: Change[]): void {
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    compare(own(before, name), own(after, name), joinPath(parent, name), changes)
  }
}

function compare(from: unknown, to: unknown, path: string, changes: Change[]): void {
  if (isBranch(from) && isBranch(to)) collect(from, to, path, changes)
  else if (isBranch(from) && to === undefined) collect(from, {}, path, changes)
  else if (isBranch(to) && from === undefined) collect({}, to, path, changes)
  else if (from === undefined || to === undefined || canonicalJson(from) !== canonicalJson(to)) {
    changes.push({ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) })
  }
}

/** An object with fields; an empty one is a leaf, or it could neither come nor go. */
function isBranch(value: unknown): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0
}
