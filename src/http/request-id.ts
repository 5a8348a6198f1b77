import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** 48 random bits, different in every process, so that ids are unique without a random number each. */
const INSTANCE = randomBytes(6).toString('hex')
let count = 0

const WELL_FORMED = /^[A-Za-z0-9._~+/=:-]{1,128}$/

/** The caller's X-Request-Id when it is well-formed, else an id of our own. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  if (typeof given === 'string' && WELL_FORMED.test(given)) return given
  return `${INSTANCE}-${(count++).toString(36)}`
}

/** Names the request in the answer that Fastify will send. Answers that Fastify has no part in: see whole-answer.ts. */
export function nameAnswer({ id }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.header('x-request-id', id)
}
