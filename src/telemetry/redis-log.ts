import type { FastifyBaseLogger } from 'fastify'
import type { RedisEvents } from '../cache/redis-server.ts'
import { codeOf, systemErrorWords } from '../plain-words.ts'
import type { Telemetry } from './telemetry.ts'

/** Reconnecting goes on for ever; one line per kind of trouble and minute is enough. */
const REPEAT_MS = 60_000

/**
 * Logs what happens around Redis, at the address that `server` names: every transition of the breaker once, at `error` when it
 * opens. `node`: that address, when the server is one of a cluster.
 */
export function redisLog(
  log: FastifyBaseLogger,
  telemetry: Telemetry,
  server: string,
  node?: string,
): RedisEvents {
  const lastLogged = new Map<string, number>()
  const isNew = (kind: string) => {
    const now = performance.now()
    if (now - (lastLogged.get(kind) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return false
    lastLogged.set(kind, now)
    return true
  }
  const what = node === undefined ? 'Redis' : `The Redis node ${node}`
  const ofNode = node === undefined ? {} : { node }
  return {
    breaker(state, error) {
      telemetry.breakerChanged(state, error, node)
      // Every probe of an outage is half-open, and open again when it fails: one line when it begins, one at its end.
      if (state === 'half-open' || (state === 'open' && error === undefined)) return
      if (state === 'closed')
        log.info({ breaker: state, ...ofNode }, `${what} answers again: the circuit breaker closed`)
      else
        log.error(
          { breaker: state, ...ofNode, reason: messageOf(error) },
          `${what} does not answer: the circuit breaker opened`,
        )
    },
    trouble(connection, error) {
      if (!isNew(`${connection} ${error.message}`)) return
      log.warn(
        { connection, reason: error.message },
        `Redis at ${server} ${troubleWords(error)}; the connection is tried again`,
      )
    },
    notice(sentence) {
      // The partitions of a cluster find the same.
      if (isNew(sentence)) log.warn(ofNode, sentence)
    },
    fault(error) {
      log.error({ err: error }, 'what followed from a reply of Redis failed: please report this')
    },
  }
}

/** Only the message: errors of Redis carry their command with its arguments, the password of AUTH among them. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function troubleWords(error: Error): string {
  const { message } = error
  if (/^WRONGPASS|^ERR invalid password/.test(message))
    return 'refuses the password: check REDIS_PASSWORD or REDIS_URL'
  if (/^NOAUTH/.test(message)) return 'wants a password: set REDIS_PASSWORD'
  if (/AUTH.* without any password configured/.test(message)) return 'has no password, but one is configured'
  if (/^NOPERM/.test(message)) return `does not allow what the gateway needs (${message})`
  const code = codeOf(error)
  return code === undefined ? `cannot be used (${message})` : `cannot be reached: ${systemErrorWords(code)}`
}
