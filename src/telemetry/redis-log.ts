import type { FastifyBaseLogger } from 'fastify'
import type { RedisEvents } from '../cache/redis.ts'
import type { Telemetry } from './telemetry.ts'

/** Reconnecting goes on for ever; one line per kind of trouble and minute is enough. */
const REPEAT_MS = 60_000

/** Logs what happens around Redis: every transition of the breaker once, at `error` when it opens. */
export function redisLog(log: FastifyBaseLogger, telemetry: Telemetry): RedisEvents {
  const lastLogged = new Map<string, number>()
  return {
    breaker(state, error) {
      telemetry.breakerChanged(state, error)
      // Every probe of an outage is half-open, and open again when it fails: one line when it begins, one at its end.
      if (state === 'half-open' || (state === 'open' && error === undefined)) return
      if (state === 'closed') log.info({ breaker: state }, 'Redis answers again: the circuit breaker closed')
      else log.error({ breaker: state, err: error }, 'Redis does not answer: the circuit breaker opened')
    },
    trouble(connection, error) {
      const kind = `${connection} ${error.message}`
      const now = performance.now()
      if (now - (lastLogged.get(kind) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
      lastLogged.set(kind, now)
      log.warn({ connection, err: error }, 'a connection to Redis failed, it is tried again')
    },
  }
}
