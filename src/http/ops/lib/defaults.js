import { call, ProblemAnswer } from './api.js'
import { MODES, partsOf } from './documents.js'
import { valueAt } from './edits.js'

/** The defaults as documents: they have the bot's own format, in which each document has a place. */

const ROUTE = 'api/admin/defaults'
/** The bot's older name of a mode. */
const FORMER_NAMES = { ultra: 'ultra_fast' }

/**
 * Where a document stands in the defaults: by its field, `''` for all of it, the names of the place.
 * @param {string} kind
 * @param {any} data the defaults
 * @returns {[field: string, names: readonly string[]][]}
 */
export function placesOf(kind, data) {
  const { family, mode = '' } = partsOf(kind)
  return Object.entries(family.places).map(([field, place]) => {
    const names = place.split('.').map(name => (name === '{mode}' ? mode : name))
    const former = names.map(name => (MODES.includes(name) ? (FORMER_NAMES[name] ?? name) : name))
    return [field, valueAt(data, names) === undefined && valueAt(data, former) !== undefined ? former : names]
  })
}

/** The part of the defaults that a document starts from, without notes. @param {string} kind @param {any} data */
export function documentIn(kind, data) {
  const parts = placesOf(kind, data).map(([field, names]) => [
    field,
    withoutNotes(valueAt(data, names) ?? {}),
  ])
  return parts[0][0] === '' ? parts[0][1] : Object.fromEntries(parts)
}

function withoutNotes(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const fields = Object.entries(value).filter(([name]) => !name.startsWith('_'))
  return Object.fromEntries(fields.map(([name, each]) => [name, withoutNotes(each)]))
}

/** A change of a document as one of the defaults. @param {string} kind @param {any} data @param {any} patch */
export function patchOfDefaults(kind, data, patch) {
  const whole = {}
  for (const [field, names] of placesOf(kind, data)) {
    const part = field === '' ? patch : patch[field]
    if (part === undefined) continue
    let group = whole
    for (const name of names.slice(0, -1)) {
      group[name] ??= {}
      group = group[name]
    }
    group[names.at(-1)] = part
  }
  return whole
}

/** The path in its document of a path of the defaults. @param {string} kind @param {any} data @param {string} path */
export function pathInDocument(kind, data, path) {
  for (const [field, names] of placesOf(kind, data)) {
    const place = `${names.join('.')}.`
    if (path.startsWith(place)) return [...(field === '' ? [] : [field]), path.slice(place.length)].join('.')
  }
  return path
}

/**
 * A part of the defaults for the form.
 * @param {string} kind
 * @returns {import('../pages/editor.js').Source}
 */
export function sourceOfDefaults(kind) {
  let data = {}
  const inDocument = each => ({ ...each, path: pathInDocument(kind, data, each.path) })
  const write = async (query, patch, request) => {
    try {
      return await call(`${ROUTE}${query}`, {
        method: 'PUT',
        body: patchOfDefaults(kind, data, patch),
        ...request,
      })
    } catch (error) {
      if (error instanceof ProblemAnswer) error.faults = error.faults.map(inDocument)
      throw error
    }
  }
  return {
    kind,
    consequence: 'who begins, or gets the defaults loaded, has the new values from then on.',
    async load(signal) {
      const envelope = await call(ROUTE, { signal })
      data = envelope.data
      return { ...envelope, data: documentIn(kind, data) }
    },
    async preview(patch, signal) {
      const report = await write('?dry_run=true', patch, { signal })
      return { ...report, changes: report.changes.map(each => ({ ...inDocument(each), document: kind })) }
    },
    save: (patch, version) => write('', patch, { ifMatch: `"${version}"` }),
    currentOf: ({ current }) => current && { ...current, data: documentIn(kind, current.data) },
  }
}
