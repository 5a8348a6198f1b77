import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { principalOf } from './caller.ts'
import { FixedWindow } from './fixed-window.ts'
import { rateLimited } from './rate-limited.ts'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Limits per caller, with an own one for writes. Counted in the process: they hold when Redis is down, and each
 * instance counts for itself.
 */
export function limitRates(
  app: FastifyInstance,
  { windowMs, max, writeMax }: Config['http']['rateLimit'],
): void {
  if (max === 0) return
  const all = new FixedWindow(max, windowMs)
  const writes = writeMax === 0 ? undefined : new FixedWindow(writeMax, windowMs)
  app.addHook('onRequest', (request, _reply, done) => {
    const { caller } = principalOf(request)
    const now = Date.now()
    let waitMs = all.take(caller, now)
    if (waitMs === 0 && writes !== undefined && !SAFE_METHODS.has(request.method)) {
      waitMs = writes.take(caller, now)
    }
    if (waitMs === 0) done()
    else done(rateLimited(waitMs))
  })
}
