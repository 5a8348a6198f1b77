import { createStore } from './store.js'

/**
 * Where the operator is, in the address: `?page=users&q=4`, `?user=42&document=mode.scalp&tab=history`. Every place has
 * an address of its own, for bookmarks and colleagues. `of` to `until` are the filter of the audit.
 * @typedef {{ page?: string, user?: string, document?: string, tab?: string, q?: string, where?: readonly string[], of?: string,
 *   by?: string, reason?: string, from?: string, until?: string }} Place
 */

/** @returns {Place} */
function read() {
  const query = new URLSearchParams(location.search)
  const names = ['page', 'user', 'document', 'tab', 'q', 'of', 'by', 'reason', 'from', 'until']
  return {
    ...Object.fromEntries(names.flatMap(name => (query.get(name) ? [[name, query.get(name)]] : []))),
    where: query.getAll('where').filter(Boolean),
  }
}

export const place = createStore(read())

/** @type {() => string} why the operator should stay, '' when nothing is lost */
let reasonToStay = () => ''

/** Asks before the operator leaves, as long as `reason` answers a text. @param {() => string} reason */
export function holdBack(reason) {
  reasonToStay = reason
  return () => {
    reasonToStay = () => ''
  }
}

/** @param {Place} to */
export function addressOf(to) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(to)) {
    for (const each of [value].flat()) if (each) query.append(name, each)
  }
  const text = query.toString()
  return text === '' ? './' : `?${text}`
}

/** @param {Place} to */
export function goTo(to) {
  const reason = reasonToStay()
  if (reason !== '' && !confirm(reason)) return
  reasonToStay = () => ''
  history.pushState(null, '', addressOf(to))
  place.set(read())
}

addEventListener('popstate', () => {
  const reason = reasonToStay()
  if (reason !== '' && !confirm(reason)) {
    history.pushState(null, '', addressOf(place.get()))
    return
  }
  reasonToStay = () => ''
  place.set(read())
})
addEventListener('beforeunload', event => {
  if (reasonToStay() !== '') event.preventDefault()
})
