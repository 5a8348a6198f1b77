import type { FastifyReply } from 'fastify'
import type { DocumentAnswer } from '../settings/service.ts'
import { JSON_TYPE, versionHeaders } from './reads/headers.ts'

/** Answers a write with the new envelope. */
export function sendWritten(reply: FastifyReply, { version, body }: DocumentAnswer): FastifyReply {
  reply.headers(versionHeaders([version]))
  return reply.header('content-type', JSON_TYPE).send(body)
}
