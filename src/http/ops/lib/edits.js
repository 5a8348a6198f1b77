/**
 * What an operator has typed and not saved: by the path of the field, the text, and the value if the text is one.
 * @typedef {{ text: string | boolean, value?: unknown, fault?: string }} Edit
 * @typedef {Readonly<Record<string, Edit>>} Edits
 */

/** @param {any} data @param {readonly string[]} names */
export function valueAt(data, names) {
  return names.reduce(
    (value, name) => (value === null || typeof value !== 'object' ? undefined : value[name]),
    data,
  )
}

/** The part of a document that the edits change, for a PUT. @param {Edits} edits */
export function patchOf(edits) {
  const patch = {}
  for (const [path, { value }] of Object.entries(edits)) {
    const names = path.split('.')
    const last = names.pop()
    let group = patch
    for (const name of names) {
      group[name] ??= {}
      group = group[name]
    }
    group[last] = value
  }
  return patch
}

/** The faults of the texts themselves: nothing is asked of the gateway while there are any. @param {Edits} edits */
export function faultsOf(edits) {
  return Object.entries(edits).flatMap(([path, { fault }]) =>
    fault === undefined ? [] : [{ path, message: fault }],
  )
}

/**
 * The edits that still differ from a document, after a colleague changed it.
 * @param {Edits} edits
 * @param {any} data
 */
export function editsAgainst(edits, data) {
  return Object.fromEntries(
    Object.entries(edits).filter(([path, { value }]) => !sameJson(value, valueAt(data, path.split('.')))),
  )
}

/** @param {unknown} one @param {unknown} other */
export function sameJson(one, other) {
  if (one === other) return true
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return (
    Array.isArray(one) === Array.isArray(other) && [...names].every(name => sameJson(one[name], other[name]))
  )
}
