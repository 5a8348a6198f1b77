import type { FastifyReply, FastifyRequest } from 'fastify'
import { isKnown } from '../consistency/versions.ts'
import type { DocumentAnswer, ReadAnswer, ReadOptions } from '../settings/service.ts'
import { type Condition, parseIfNoneMatch } from './conditional.ts'
import { throwFailure } from './given-back.ts'
import { CACHE_STATUS, JSON_TYPE, versionHeaders } from './read-headers.ts'

/** The condition of a GET of settings. Throws what its read has failed with already. */
export function readOptions(request: FastifyRequest): ReadOptions {
  throwFailure(request)
  return { known: parseIfNoneMatch(request.headers['if-none-match']) }
}

/** Answers a GET of settings: 304 when the caller has these versions. */
export function sendAnswer(
  reply: FastifyReply,
  answer: ReadAnswer,
  known: Condition | undefined,
): FastifyReply {
  reply.header('cache-status', CACHE_STATUS[answer.status])
  reply.headers(versionHeaders(answer.versions))
  if (isKnown(known, answer.versions)) return reply.code(304).send()
  return reply.header('content-type', JSON_TYPE).send(answer.body)
}

/** Answers a write with the new envelope. */
export function sendWritten(reply: FastifyReply, { version, body }: DocumentAnswer): FastifyReply {
  reply.headers(versionHeaders([version]))
  return reply.header('content-type', JSON_TYPE).send(body)
}
