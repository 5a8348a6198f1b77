import { badge, byId, element, table } from './dom.js'

/** Shows health as cards, and recent transitions. */

const TONES = {
  ...{ healthy: 'good', degraded: 'medium', unhealthy: 'high' },
  ...{ up: 'good', down: 'high' },
  ...{ closed: 'good', 'half-open': 'medium', open: 'high' },
  ...{ on: 'good', off: 'medium' },
}
const toneOf = state => TONES[state] ?? 'low'

/** @param {any} status the answer of api/admin/status */
export function showStatus({ instance, uptime_s: uptime, health, view }) {
  const { database, redis } = health.services
  byId('instance').textContent = `${instance}, up for ${duration(uptime)}`
  byId('overall').textContent = health.status
  byId('overall').className = `pill ${toneOf(health.status)}`
  byId('health').replaceChildren(
    card('PostgreSQL', database.status, [latency(database.latency_ms)]),
    card('Redis', redis.status, [latency(redis.latency_ms)]),
    card('Circuit breaker', redis.breaker, [
      `since ${time(redis.since)}`,
      `${redis.consecutive_failures} failures in a row`,
    ]),
    card('Cache view', view.mode, [
      `epoch ${view.epoch}, ${view.reason}`,
      view.lease_held ? 'this instance holds a lease' : 'no lease: answered from PostgreSQL',
    ]),
  )
  byId('warnings').replaceChildren(...health.warnings.map(text => element('li', {}, text)))
}

/** @param {any[]} transitions newest first */
export function showTransitions(transitions) {
  const rows = transitions.map(({ at, subject, state, detail, recovery_ms: recovery }) => [
    element('time', { datetime: at }, time(at)),
    subject,
    badge(state, toneOf(state)),
    recovery === undefined ? detail : `${detail}, after ${(recovery / 1_000).toFixed(1)} s`,
  ])
  byId('transitions').replaceChildren(
    rows.length === 0
      ? element('p', {}, 'None since this instance started.')
      : table('Newest first', ['Time', 'What', 'State', 'Why'], rows),
  )
}

function card(title, state, lines) {
  const details = lines.map(line => element('span', { class: 'muted' }, line))
  return element(
    'div',
    { class: 'panel' },
    element('dt', {}, title),
    element('dd', {}, badge(state, toneOf(state)), ...details),
  )
}

function latency(ms) {
  return ms === null ? 'does not answer' : `answers in ${ms} ms`
}

function time(text) {
  return new Date(text).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' })
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`
}
