import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Readable, Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ByteBudget } from './byte-budget.ts'
import { onAnswerEnd } from './connection-end.ts'
import { ProblemError } from './problem-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route reads its body as a stream, and holds no more of it at once. */
    heldBodyBytes?: number
  }
}

/** Smaller answers are bounded by the connections, each of which holds a few. */
export const LARGE_ANSWER_BYTES = 64 * 1_024
/** Not to be read to its end: the connection goes with the answer. */
const CLOSE = { connection: 'close', 'retry-after': '1' }

/**
 * Bounds the bytes of bodies that are being read and worked on, before the first of them is read: parsed and merged a body
 * takes several times its bytes. 429 for the caller whose part is used up, 503 when all is.
 */
export function boundBodies(app: FastifyInstance, budget: ByteBudget): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { headers } = request
    const { heldBodyBytes } = request.routeOptions.config
    const length = Number(headers['content-length'] ?? 0)
    const chunked = headers['transfer-encoding'] !== undefined
    if (length > 0) done(taken(budget, request, reply, Math.min(length, heldBodyBytes ?? length)), payload)
    else if (!chunked) done(null, payload)
    else if (heldBodyBytes !== undefined) done(taken(budget, request, reply, heldBodyBytes), payload)
    else done(null, counted(payload as Readable, budget, request, reply))
  })
}

/** Bounds the bytes of large answers that their callers have not taken yet. */
export function boundAnswers(app: FastifyInstance, budget: ByteBudget): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const large = Buffer.isBuffer(payload) && payload.length > LARGE_ANSWER_BYTES
    const problem = large ? taken(budget, request, reply, payload.length) : null
    if (problem === null) done(null, payload)
    else done(problem)
  })
}

function taken(
  budget: ByteBudget,
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: number,
): ProblemError | null {
  const release = budget.take(shareOf(request.principal?.caller ?? request.ip, request.headers), bytes)
  if (typeof release === 'string') return tooMuch(release)
  onAnswerEnd(request, reply, release)
  return null
}

/** A body that does not say how long it is, counted as it comes. */
function counted(
  payload: Readable,
  budget: ByteBudget,
  request: FastifyRequest,
  reply: FastifyReply,
): Transform {
  const counter = new Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      const problem = taken(budget, request, reply, chunk.length)
      if (problem === null) next(null, chunk)
      else next(problem)
    },
  })
  // A caller who goes away ends the counter as well; pipe() would leave who reads it waiting.
  return pipeline(payload, counter, () => {})
}

export function tooMuch(whose: 'caller' | 'all'): ProblemError {
  return whose === 'caller'
    ? new ProblemError('RATE_LIMITED', 'too many bytes of this caller are in flight', { headers: CLOSE })
    : new ProblemError('OVERLOADED', 'too many bytes are in flight', { headers: CLOSE })
}

/** Whose part of a budget a request takes. A service that acts for many has the part of each of them. */
export function shareOf(caller: string, headers: IncomingHttpHeaders): string {
  return `${caller} ${headers['x-user-id'] ?? ''}`
}
