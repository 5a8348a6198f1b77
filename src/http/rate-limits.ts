import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { ProblemError } from '../errors.ts'
import { principalOf } from './caller.ts'

/** Callers whose requests are counted at once. */
const MAX_CALLERS = 10_000
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Limits per caller, with an own one for writes. Counted in the process: they hold when Redis is down, and each
 * instance counts for itself.
 */
export async function limitRates(
  app: FastifyInstance,
  { windowMs, max, writeMax }: Config['http']['rateLimit'],
): Promise<void> {
  if (max === 0) return
  await app.register(rateLimit, { global: false, cache: MAX_CALLERS })
  const keyGenerator = (request: FastifyRequest) => principalOf(request).caller
  const all = app.createRateLimit({ max, timeWindow: windowMs, keyGenerator })
  const writes =
    writeMax === 0 ? undefined : app.createRateLimit({ max: writeMax, timeWindow: windowMs, keyGenerator })
  app.addHook('preValidation', async request => {
    refuseBeyond(await all(request))
    if (writes !== undefined && !SAFE_METHODS.has(request.method)) refuseBeyond(await writes(request))
  })
}

function refuseBeyond(use: { isAllowed: boolean; isExceeded?: boolean; ttlInSeconds?: number }): void {
  if (use.isExceeded !== true) return
  const seconds = Math.max(1, use.ttlInSeconds ?? 1)
  throw new ProblemError('RATE_LIMITED', `try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })
}
