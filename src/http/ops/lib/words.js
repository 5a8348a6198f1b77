/** What the gateway's states mean for trading, and what an operator can do. */

const HEALTH = {
  healthy: { tone: 'good', text: 'all well' },
  degraded: { tone: 'medium', text: 'needs a look' },
  unhealthy: { tone: 'high', text: 'not working' },
}

/** @param {string} status of /health */
export function healthWords(status) {
  return HEALTH[status] ?? { tone: 'low', text: status }
}

const FAST_READS = {
  'redis-unreachable': 'Redis cannot be reached. Look whether it runs, and at the network to it.',
  'database-unreachable':
    'PostgreSQL cannot be reached, so nothing proves that Redis is up to date. Bring PostgreSQL back.',
  'no-lease': 'This instance has just lost touch with PostgreSQL or Redis. It tries again by itself.',
  'no-redis': 'No Redis is configured. Set REDIS_URL if reads should be fast.',
  starting: 'The gateway is starting.',
  'redis-identity': 'Redis was replaced or restarted; its content is checked before it is used again.',
  'redis-lost-view': 'Redis lost data; its content is checked before it is used again.',
  'redis-slot-moving':
    'A part of the users is moving to another node of the cluster. Their cache starts empty when it has arrived.',
  'redis-unattended': 'No gateway has watched this part of the cluster for a while. Its cache starts empty.',
  'other-layout':
    'Gateways with another kind of Redis are in use. Their cache is off, and this one starts when they are gone.',
  'view-row-missing':
    'The database had no row for this cache: a cluster is used for the first time, or the row was removed by hand.',
  'redis-ahead':
    'Redis knows more than the database, which was set back. Redis is emptied before it is used again.',
  'another-database':
    'The gateway was pointed at another database. Redis is emptied before it is used again.',
  'redis-of-another-database':
    'Redis holds the settings of another database. It is emptied before it is used again.',
  'database-timeline': 'The database was failed over or restored. Redis is emptied before it is used again.',
  'database-set-back':
    'The database was restored to an earlier time. Redis is emptied before it is used again.',
  'manual-edit': 'A row was edited by hand in the database; Redis is brought up to date.',
  'new-database': 'This database is new.',
  'restored-database': 'A backup was restored. Redis is emptied before it is used again.',
  'order-numbers-raised':
    'An operator raised the order numbers after a restore. Fast reads come back by themselves.',
  'the cache was emptied': 'Redis was empty or not to be trusted; it fills with the next reads.',
  gate: 'Redis was checked and is up to date.',
}

/** Why reads are, or are not, answered from Redis. @param {string} reason */
export function fastReadsReason(reason) {
  const [, changed] = /^documents fenced: (\d+)$/.exec(reason) ?? []
  if (changed !== undefined)
    return `Redis was checked. What may have changed meanwhile is read again (${changed}).`
  return FAST_READS[reason] ?? reason
}

/** A warning of /health; one that names a reason gets the words for it. @param {string} text */
export function warningWords(text) {
  const [, reason] = /^the cache is not trusted yet \((.*)\)$/.exec(text) ?? []
  return reason === undefined
    ? asSentence(text)
    : `Settings are answered from PostgreSQL for the moment: right, and slower. ${fastReadsReason(reason)}`
}

const TRANSITIONS = {
  'breaker open': {
    tone: 'high',
    what: 'Redis is left alone',
    text: 'It failed several times; no request waits for it.',
  },
  'breaker closed': { tone: 'good', what: 'Redis is used again', text: '' },
  'view off': { tone: 'medium', what: 'Fast reads off', text: '' },
  'view on': { tone: 'good', what: 'Fast reads on', text: '' },
}

/** @param {any} transition of api/admin/status */
export function transitionWords({ subject, state, detail, recovery_ms: recovery }) {
  const { tone = 'low', what = `${subject} ${state}`, text = '' } = TRANSITIONS[`${subject} ${state}`] ?? {}
  const why = subject === 'view' ? fastReadsReason(detail) : detail
  const after = recovery === undefined ? '' : `After ${(recovery / 1_000).toFixed(1)} s.`
  return { tone, what, text: [text, asSentence(why), after].filter(Boolean).join(' ') }
}

/** @param {string} text */
function asSentence(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1) + (/[.:!?]$/.test(text) ? '' : '.')
}

/** Why the history has an entry. */
export const REASONS = {
  put: 'changed',
  'load-defaults': 'defaults loaded',
  reset: 'reset to the default',
  rollback: 'rolled back',
  provision: 'created',
  import: 'imported',
  'sync-defaults': 'defaults published',
  sql: 'edited by hand in the database',
  delete: 'user deleted',
  bulk: 'changed for many users at once',
  schedule: 'planned change',
  'schedule-refused': 'planned change refused',
}

/** Why the history has an entry. @param {string} reason */
export function reasonWords(reason) {
  return REASONS[reason] ?? reason
}

const GUARD = {
  closed: { tone: 'good', text: 'calm' },
  'half-open': { tone: 'medium', text: 'trying' },
  open: { tone: 'high', text: 'at work' },
}

/** The guard that leaves a slow Redis alone. @param {string} breaker */
export function guardWords(breaker) {
  return GUARD[breaker] ?? { tone: 'low', text: breaker }
}

const KEY_STATES = {
  value: { tone: 'good', text: 'ready' },
  fence: { tone: 'medium', text: 'being written' },
  missing: { tone: 'low', text: 'not there' },
  unknown: { tone: 'high', text: 'cannot be asked' },
}

/** What Redis has for a document. @param {string} state */
export function keyWords(state) {
  return KEY_STATES[state] ?? { tone: 'low', text: state }
}
