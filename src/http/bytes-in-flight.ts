import type { IncomingHttpHeaders } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ByteBudget } from './byte-budget.ts'
import { onAnswerEnd } from './connection-end.ts'
import { ProblemError } from './problem-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route reads its body as a stream, and holds at most this many bytes of it at once. */
    heldBodyBytes?: number
  }
}

/** Smaller answers are not counted: the limit of connections bounds them. */
export const LARGE_ANSWER_BYTES = 64 * 1_024
/** The rest of the body is not read, so the connection closes after the answer. */
const CLOSE = { connection: 'close', 'retry-after': '1' }

/**
 * Bounds the bytes of request bodies that are being read and processed. Checked before the first byte is read, because a
 * body takes several times its bytes when it is parsed and merged. 429 when the caller's part is used up, 503 when the whole
 * budget is.
 */
export function boundBodies(app: FastifyInstance, budget: ByteBudget): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { headers } = request
    const { heldBodyBytes } = request.routeOptions.config
    const length = Number(headers['content-length'] ?? 0)
    const chunked = headers['transfer-encoding'] !== undefined
    if (length > 0) done(reserve(budget, request, reply, Math.min(length, heldBodyBytes ?? length)), payload)
    else if (!chunked) done(null, payload)
    else if (heldBodyBytes !== undefined) done(reserve(budget, request, reply, heldBodyBytes), payload)
    else done(null, countBytes(payload as Readable, budget, request, reply))
  })
}

/** Bounds the bytes of large answers that callers have not received yet. */
export function boundAnswers(app: FastifyInstance, budget: ByteBudget): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const large = Buffer.isBuffer(payload) && payload.length > LARGE_ANSWER_BYTES
    const problem = large ? reserve(budget, request, reply, payload.length) : null
    if (problem === null) done(null, payload)
    else done(problem)
  })
}

/** Reserves bytes until the answer ends. The problem when there is no room for them. */
function reserve(
  budget: ByteBudget,
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: number,
): ProblemError | null {
  const release = budget.take(callerOf(request), bytes)
  if (typeof release === 'string') return tooMuch(release)
  onAnswerEnd(request, reply, release)
  return null
}

function callerOf({ principal, ip, headers }: FastifyRequest): string {
  return shareOf(principal?.caller ?? ip, headers)
}

/** Counts the bytes of a body without Content-Length while they arrive, in pieces as small as the caller likes. */
function countBytes(
  payload: Readable,
  budget: ByteBudget,
  request: FastifyRequest,
  reply: FastifyReply,
): Transform {
  const reservation = budget.open(callerOf(request))
  onAnswerEnd(request, reply, () => reservation.release())
  const counter = new Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      // What comes behind the answer is thrown away (lingering.ts).
      if (reply.raw.writableEnded) return next()
      const refused = reservation.add(chunk.length)
      if (refused === undefined) next(null, chunk)
      else next(tooMuch(refused))
    },
  })
  // A caller who disconnects ends the counter as well; with pipe() alone its reader would wait for ever. With pipeline() a
  // refusal would destroy the request, and what still comes could not be read.
  const end = (error?: Error) => counter.destroy(error ?? new Error('the caller has disconnected'))
  payload.once('error', end).once('close', () => payload.readableEnded || end())
  return payload.pipe(counter)
}

export function tooMuch(whose: 'caller' | 'all'): ProblemError {
  return whose === 'caller'
    ? new ProblemError('RATE_LIMITED', 'too many bytes of this caller are in flight', { headers: CLOSE })
    : new ProblemError('OVERLOADED', 'too many bytes are in flight', { headers: CLOSE })
}

/** The key under which a budget counts a request. A service that acts for several users has one part per user. */
export function shareOf(caller: string, headers: IncomingHttpHeaders): string {
  return `${caller} ${headers['x-user-id'] ?? ''}`
}
