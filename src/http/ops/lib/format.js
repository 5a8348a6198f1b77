/** Values as operators read them. */

/** Longer values are cut: a table is no editor. */
const MAX_VALUE_CHARACTERS = 300

/** @param {unknown} value of a setting; undefined = it is not there */
export function valueText(value) {
  if (value === undefined) return '(not there)'
  if (value === true) return 'on'
  if (value === false) return 'off'
  if (value === null) return '(none)'
  if (value === '') return '(empty)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text
}

/** @param {string | number} at a time */
export function timeText(at) {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** @param {number} seconds */
export function durationText(seconds) {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`
}

/**
 * `1 change`, `2 changes`.
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
export function countText(count, one, many = `${one}s`) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`
}

/** Who changed something, as the history names callers. @param {string} caller */
export function callerText(caller) {
  const [, kind = '', rest = ''] = /^(admin|service|sql):(.*)$/.exec(caller) ?? []
  const [service, person] = rest.split('/')
  if (kind === 'admin') return `operator ${rest}`
  if (kind === 'sql') return `by hand in the database (${rest})`
  if (kind === 'service')
    return person === undefined ? `service ${service}` : `${person} (service ${service})`
  return caller === '' ? 'unknown' : `user ${caller}`
}
