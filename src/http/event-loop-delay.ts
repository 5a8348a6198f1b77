import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route answers even while the event loop is late. */
    evenUnderPressure?: boolean
  }
}

const RESOLUTION_MS = 10
const CHECK_EVERY_MS = 1_000

/**
 * Refuses requests while the average delay of the event loop over one second is above `maxMs`: requests whose callers have
 * given up only delay the others. Returns a function that is true while it refuses. @fastify/under-pressure does the same,
 * but also reads the size of the memory, which ends the process when no file can be opened.
 */
export function refuseUnderPressure(app: FastifyInstance, maxMs: number): () => boolean {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let late = false
  const timer = setInterval(() => {
    // No sample: the loop was blocked for the whole interval.
    const delay = histogram.count === 0 ? Number.POSITIVE_INFINITY : histogram.mean / 1e6 - RESOLUTION_MS
    late = delay > maxMs
    histogram.reset()
  }, CHECK_EVERY_MS)
  timer.unref()
  histogram.enable()
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    histogram.disable()
    done()
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (!late || request.routeOptions.config.evenUnderPressure === true) done()
    else done(new ProblemError('OVERLOADED', undefined, { headers: { 'retry-after': '1' } }))
  })
  return () => late
}
