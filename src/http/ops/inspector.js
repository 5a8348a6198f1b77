import { call } from './api.js'
import { badge, button, byId, complain, element, table } from './dom.js'

/** A user's Redis keys beside the rows of the database, and the button that fills them. */

const TONES = { value: 'good', fence: 'medium', missing: 'low', unknown: 'high' }

/**
 * @param {string} user
 * @param {any} inspection the answer of api/admin/cache/:user_id
 * @param {() => Promise<void>} again called when the cache was filled
 */
export function showCache(user, { redis, keys }, again) {
  byId('cache-note').textContent =
    redis === 'up'
      ? `${keys.filter(({ state }) => state === 'value').length} of ${keys.length} keys held a value when this page looked.`
      : 'Redis cannot be asked.'
  const rows = keys.map(key => [
    element('code', {}, key.key),
    badge(key.state, TONES[key.state] ?? 'low'),
    String(key.version_redis ?? '–'),
    versionCell(key),
    `${key.size.toLocaleString()} bytes`,
  ])
  byId('cache').replaceChildren(
    table('Keys in Redis', ['Key', 'State', 'In Redis', 'In the database', 'Size'], rows),
    button('Warm up', () => warmUp(user, again)),
  )
}

/** A value of another version than the row's must never stay: it is marked. */
function versionCell({ state, version_redis: inRedis, version_database: inDatabase }) {
  const text = String(inDatabase ?? '–')
  const differs = state === 'value' && inRedis !== inDatabase
  return differs ? badge(`${text} (differs)`, 'high') : text
}

async function warmUp(user, again) {
  try {
    const { keys } = await call(`api/admin/cache/${encodeURIComponent(user)}/warm`, { method: 'POST' })
    await again()
    byId('cache-note').textContent = `Warmed up: ${keys} keys hold a value.`
  } catch (error) {
    complain(`The cache of ${user} was not warmed up: ${error.message}`)
  }
}
