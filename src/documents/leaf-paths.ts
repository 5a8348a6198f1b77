import type { TSchema } from '@sinclair/typebox'
import { joinPath } from './paths.ts'

/** More places than these tell a reader nothing. */
const MAX_PATHS = 3

/** Paths by the name of the field that they end with, for each schema of a document. */
const indexes = new WeakMap<TSchema, ReadonlyMap<string, readonly string[]>>()

/**
 * Where a document, or the group of it at `parent`, has fields of this name, such as `confidence.min_confidence`; undefined when
 * nowhere.
 */
export function pathOfLeaf(schema: TSchema, name: string, parent = ''): string | undefined {
  let index = indexes.get(schema)
  if (index === undefined) {
    index = indexOf(schema)
    indexes.set(schema, index)
  }
  return index
    .get(name)
    ?.slice(0, MAX_PATHS)
    .map(path => (parent === '' ? path : `${parent}.${path}`))
    .join(' or ')
}

function indexOf(schema: TSchema): ReadonlyMap<string, readonly string[]> {
  const index = new Map<string, string[]>()
  const visit = ({ properties = {} }: TSchema, parent: string) => {
    for (const [name, field] of Object.entries<TSchema>(properties)) {
      const path = joinPath(parent, name)
      index.set(name, [...(index.get(name) ?? []), path])
      visit(field, path)
    }
  }
  visit(schema, '')
  return index
}
