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
  /**
   * Of a new field: the path of the object, there before, that it was put into; absent = into the document itself. Objects between
   * the two are new as well. Taking the field back leaves this object in its place, although it may be empty.
   */
  readonly into?: string
}

/** A change as callers see it: what it was put into matters to those who take it back. */
export function shownChange({ into: _into, ...change }: PathChange): Omit<PathChange, 'into'> {
  return change
}

/** The fields that differ, leaf by leaf, in the order of their names; an array is one leaf. */
export function diff(before: JsonObject, after: JsonObject): PathChange[] {
  const changes: PathChange[] = []
  collect(before, after, '', '', changes)
  return changes
}

/** `path` is that of the objects, `into` that of the nearest object around them, or of them, that was there before. */
function collect(
  before: JsonObject,
  after: JsonObject,
  path: string,
  into: string,
  changes: PathChange[],
): void {
  for (const name of namesOf(before, after)) {
    const [from, to] = [own(before, name), own(after, name)]
    if (from !== to) compare(from, to, joinPath(path, name), into, changes)
  }
}

/** The names of both, sorted. Documents are stored with sorted names, so mostly there is nothing to sort. */
function namesOf(before: JsonObject, after: JsonObject): readonly string[] {
  const names = Object.keys(before)
  const others = Object.keys(after)
  const isSorted = (name: string, i: number) => name === others[i] && (i === 0 || names[i - 1]! < name)
  if (names.length === others.length && names.every(isSorted)) return names
  return [...new Set([...names, ...others])].sort()
}

function compare(from: unknown, to: unknown, path: string, into: string, changes: PathChange[]): void {
  if (path.length <= LONGEST_PARENT_PATH && isBranch(from, to) && isBranch(to, from)) {
    collect(from ?? {}, to ?? {}, path, from === undefined ? into : path, changes)
  } else if (from === undefined) {
    changes.push({ path, to, ...(into === '' ? {} : { into }) })
  } else if (to === undefined) {
    changes.push({ path, from })
  } else if (canonicalJson(from) !== canonicalJson(to)) {
    changes.push({ path, from, to })
  }
}

/**
 * True for an object, and for nothing in the place of one. An empty object beside nothing is a leaf, so that adding or removing it
 * is a change; beside an object it is a branch like any other, so that each field of the other has a change of its own.
 */
function isBranch(value: unknown, other: unknown): value is JsonObject | undefined {
  if (value === undefined) return true
  return isJsonObject(value) && (other !== undefined || Object.keys(value).length > 0)
}
