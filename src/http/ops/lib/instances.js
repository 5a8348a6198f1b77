import { countText, durationText } from './format.js'

/** The answer of api/admin/instances in words for operators. */

/** @param {any} instance */
export function nameOf({ host, port, pid }) {
  return port === null ? `${host} (process ${pid})` : `${host}:${port}`
}

/** @param {any} instance */
export function stateWords({ alive, state }) {
  if (!alive) return { tone: 'high', text: 'not seen' }
  if (state === 'draining') return { tone: 'medium', text: 'shutting down' }
  return state === 'starting' ? { tone: 'medium', text: 'starting' } : { tone: 'good', text: 'ready' }
}

/** Where its answers come from. @param {any} instance */
export function answersWords({ alive, lease_held: leaseHeld, breaker }) {
  if (!alive) return 'not known'
  if (leaseHeld) return 'from the cache'
  return breaker === null ? 'from PostgreSQL: it has no Redis' : 'from PostgreSQL: right, and slower'
}

/** @param {{ reads: Record<string, number> }} instance */
export function readsWords({ reads }) {
  const total = Object.values(reads).reduce((sum, count) => sum + count, 0)
  if (total === 0) return 'none yet'
  // Never 100 % when one was missed.
  const percent = Math.floor((1_000 * reads.hits) / total) / 10
  const unverified =
    reads.unverified === 0 ? '' : `; ${reads.unverified.toLocaleString()} while PostgreSQL was away`
  return `${total.toLocaleString()}, ${percent} % from the cache${unverified}`
}

/** @param {any} instance */
export function seenWords({ seen_ms_ago: ms }) {
  return ms === null ? 'now' : `${durationText(Math.round(ms / 1_000))} ago`
}

/**
 * What operators should look at, as sentences.
 * @param {{ source: string, instances: readonly any[] }} answer
 * @returns {string[]}
 */
export function warningsOf({ source, instances }) {
  const versions = [...new Set(instances.filter(({ alive }) => alive).map(({ version }) => version))].sort()
  return [
    ...(source === 'self' ? ['PostgreSQL is unreachable, so the other instances are not known.'] : []),
    ...instances
      .filter(({ alive }) => !alive)
      .map(
        each =>
          `${nameOf(each)} was last seen ${seenWords(each)}: it was killed, hangs, or cannot reach PostgreSQL. Look at its log.`,
      ),
    ...(versions.length < 2
      ? []
      : [
          `${countText(versions.length, 'version')} run at once (${versions.join(', ')}): finish the upgrade.`,
        ]),
  ]
}
