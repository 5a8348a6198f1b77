import { call } from './api.js'
import { badge, button, byId, complain, element, table } from './dom.js'

/** Shows a user's Redis keys beside the rows of the database, and the button that warms the cache. */

const TONES = { value: 'good', fence: 'medium', missing: 'low', unknown: 'high' }

/**
 * @param {string} user
 * @param {any} inspection the answer of api/admin/cache/:user_id
 * @param {() => Promise<void>} again called when the cache is warm
 */
export function showCache(user, { redis, keys }, again) {
  byId('cache-note').textContent =
    redis === 'up'
      ? `${keys.filter(({ state }) => state === 'value').length} of ${keys.length} keys held a value when this page asked.`
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

/** Marks a value whose version differs from that of the row: such a value is a fault. */
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
