import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers also while the event loop is late. */
    evenUnderPressure?: boolean
  }
}

const RESOLUTION_MS = 10
const LOOK_EVERY_MS = 1_000

/**
 * Refuses requests while the event loop is late by more than `maxMs` on average of a second: those that wait longer than
 * their callers do only delay the others. Returns what tells whether it is. @fastify/under-pressure does the same, and reads
 * the memory's size besides, which ends the process when no file can be opened.
 */
export function refuseUnderPressure(app: FastifyInstance, maxMs: number): () => boolean {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let late = false
  const timer = setInterval(() => {
    // Without a sample the loop stood still all the time.
    const delay = histogram.count === 0 ? Number.POSITIVE_INFINITY : histogram.mean / 1e6 - RESOLUTION_MS
    late = delay > maxMs
    histogram.reset()
  }, LOOK_EVERY_MS)
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
