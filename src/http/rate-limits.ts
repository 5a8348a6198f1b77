import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { principalOf } from './caller.ts'
import { FixedWindow } from './fixed-window.ts'
import { rateLimited } from './rate-limited.ts'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Limits requests per caller, with a separate limit of writes. Counts in the process, so the limits hold when Redis is down,
 * and each instance counts for itself.
 */
export class CallerLimits {
  readonly #all: FixedWindow | undefined
  readonly #writes: FixedWindow | undefined

  constructor({ windowMs, max, writeMax }: Config['http']['rateLimit']) {
    this.#all = max === 0 ? undefined : new FixedWindow(max, windowMs)
    this.#writes = max === 0 || writeMax === 0 ? undefined : new FixedWindow(writeMax, windowMs)
  }

  /** Counts a read. 0, or milliseconds until the caller may try again. */
  take(caller: string): number {
    return this.#all?.take(caller, performance.now()) ?? 0
  }

  /** Counts a write, against both limits. 0, or milliseconds until the caller may try again. */
  takeWrite(caller: string): number {
    return this.take(caller) || (this.#writes?.take(caller, performance.now()) ?? 0)
  }
}

export function limitRates(app: FastifyInstance, limits: CallerLimits): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { caller } = principalOf(request)
    const waitMs = SAFE_METHODS.has(request.method) ? limits.take(caller) : limits.takeWrite(caller)
    if (waitMs === 0) done()
    else done(rateLimited(waitMs))
  })
}
