import { canonicalJson } from './canonical.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { joinPath } from './paths.ts'

/**
 * Below a path this long (characters) an object is one leaf: a name of a megabyte in `preferences` must not be
 * repeated for every field under it. The paths of known fields are shorter.
 */
const LONGEST_PARENT_PATH = 160

/** One field that differs. Absent = the field does not exist on that side. */
export interface PathChange {
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

/** The fields that differ, leaf by leaf, in the order of their names; an array is one leaf. */
export function diff(before: JsonObject, after: JsonObject): PathChange[] {
  const changes: PathChange[] = []
  collect(before, after, '', changes)
  return changes
}

function collect(before: JsonObject, after: JsonObject, parent: string, changes: PathChange[]): void {
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    compare(own(before, name), own(after, name), joinPath(parent, name), changes)
  }
}

function compare(from: unknown, to: unknown, path: string, changes: PathChange[]): void {
  if (from === to) return
  if (path.length <= LONGEST_PARENT_PATH && isBranchOrAbsent(from) && isBranchOrAbsent(to)) {
    collect(from ?? {}, to ?? {}, path, changes)
  } else if (from === undefined || to === undefined || canonicalJson(from) !== canonicalJson(to)) {
    changes.push({ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) })
  }
}

/** An object with fields; an empty one is a leaf, so that adding or removing it is a change. */
function isBranchOrAbsent(value: unknown): value is JsonObject | undefined {
  return value === undefined || (isJsonObject(value) && Object.keys(value).length > 0)
}
