/**
 * Paths inside a document: field names joined with dots, such as `confidence.min_confidence`. A dot or a backslash
 * inside a name (possible in `preferences`) is written with a backslash before it, an empty name as `\0`; so every
 * path names one field.
 */
export function joinPath(parent: string, name: string): string {
  const escaped = name === '' ? '\\0' : /[.\\]/.test(name) ? name.replaceAll(/[.\\]/g, '\\$&') : name
  return parent === '' ? escaped : `${parent}.${escaped}`
}

export function splitPath(path: string): string[] {
  const names: string[] = ['']
  for (const [part, escaped] of path.matchAll(/\\(.?)|[^.\\]+|\./gs)) {
    if (part === '.') names.push('')
    else if (escaped !== '0') names[names.length - 1] += escaped ?? part
  }
  return names
}

/** Characters of a name that a fault shows: a name of a megabyte must not come back with every fault below it. */
const SHOWN_NAME = 100

/** The path of names that a caller sent, cut and well-formed, so that it can be shown. */
export function shownPath(names: readonly string[]): string {
  return names.map(shownName).reduce(joinPath, '')
}

function shownName(name: string): string {
  return name.slice(0, SHOWN_NAME).replaceAll('\0', '\\0').toWellFormed()
}
