import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** 48 random bits per process, so that ids are unique without a random number per request. */
const INSTANCE = randomBytes(6).toString('hex')
let count = 0

const WELL_FORMED = /^[A-Za-z0-9._~+/=:-]{1,128}$/

/** The caller's X-Request-Id when it is well-formed, else a new id. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  if (typeof given === 'string' && WELL_FORMED.test(given)) return given
  return `${INSTANCE}-${(count++).toString(36)}`
}

/** Sets X-Request-Id on an answer of Fastify; writeAnswer (whole-answer.ts) sets it on the others. */
export function nameAnswer({ id }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.header('x-request-id', id)
}
